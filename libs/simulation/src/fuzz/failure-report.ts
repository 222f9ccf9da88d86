import type { SeedResult } from './scenario.js'

const TRACE_LINES_MAX = 40

/** A failed seed for people: what was broken, where, the last that happened, and the command that shows all of it. */
export function describeFailure({ seed, failure, trace }: SeedResult, flags: string): string {
  const lines = trace.slice(-TRACE_LINES_MAX)
  const left = trace.length - lines.length
  return [
    `seed ${seed} failed at boundary ${failure?.boundary ?? 0}: ${failure?.message ?? 'only once: the run does not repeat itself'}`,
    `replay: npm run fuzz:wal -- --seed ${seed}${flags}`,
    ...(left > 0 ? [`  (${left} lines before)`] : []),
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n')
}
