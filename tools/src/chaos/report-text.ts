import Table from 'cli-table3'
import pc from 'picocolors'
import type { FaultResult, RunResult, Verdict } from './run-result.js'

/** The run for a terminal: what was done, how it went, what is wrong. */
export function textReport(result: RunResult): string {
  const { faults, violations } = result
  const parts = [
    totalLines(result).join('\n'),
    faults.length === 0 ? 'no fault was begun' : faultTable(faults),
    violations
      .slice(0, VIOLATIONS_SHOWN)
      .map((violation) => pc.red(`  ✘ ${violation}`))
      .join('\n'),
    verdictLine(result),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function totalLines({ seed, nodeCount, loadMs, totals, latencies, errors }: RunResult): string[] {
  const { sent, acked, unknown, stored, delivered, takesUnknown } = totals
  const seconds = Math.max(0.001, loadMs / 1000)
  const codes = errors.map(([code, count]) => `${code} ${count}`).join(', ')
  return [
    `seed ${seed}, ${nodeCount} nodes, ${seconds.toFixed(0)} s of load`,
    `entries    ${sent} sent, ${acked} acknowledged (${Math.round(acked / seconds)}/s), ${unknown} without an outcome`,
    `logs       ${stored} entries read back`,
    `takes      ${delivered} delivered, ${takesUnknown} without an outcome`,
    `latency    p50 ${ms(latencies.p50)}, p99 ${ms(latencies.p99)}, p999 ${ms(latencies.p999)}, max ${ms(latencies.max)}`,
    `errors     ${codes === '' ? 'none' : codes}`,
  ]
}

function faultTable(faults: readonly FaultResult[]): string {
  const head = ['begins', 'lasts', 'longest pause of a topic', 'fault']
  const table = new Table({ head, chars: NO_LINES, style: { head: [], border: [], 'padding-left': 0 } })
  for (const { beginMs, endMs, about, pauseMs } of faults) {
    table.push([`${(beginMs / 1000).toFixed(1)} s`, ms(endMs - beginMs), ms(pauseMs), about])
  }
  return table.toString()
}

function verdictLine({ verdict, violations, faults }: RunResult): string {
  const words: Readonly<Record<Verdict, string>> = {
    held: pc.green(`✔ every promise was kept under ${faults.length} faults`),
    broken: pc.red(`✘ ${violations.length} violations`),
    unchecked: pc.yellow('broken off: the history was not checked'),
  }
  return words[verdict]
}

function ms(durationMs: number): string {
  return durationMs >= 10_000
    ? `${(durationMs / 1000).toFixed(1)} s`
    : `${durationMs.toFixed(durationMs < 10 ? 1 : 0)} ms`
}

const VIOLATIONS_SHOWN = 20
const NO_LINES = Object.fromEntries([
  ['middle', ' '],
  ...['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
])
