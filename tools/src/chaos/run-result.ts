import type { FaultRecord } from './fault-log.js'
import { longestPauseMs } from './ack-pauses.js'
import type { FaultKind } from './plan.js'
import type { Recorder } from './recorder.js'
import { percentilesOf, type Percentiles } from './timeline.js'

/** `unchecked`: the run was broken off before the history could be held against the logs. */
export type Verdict = 'held' | 'broken' | 'unchecked'

/** One run, as reports show it. Times are milliseconds since its beginning. */
export interface RunResult {
  readonly seed: number
  readonly nodeCount: number
  /** When it began, in ISO 8601. */
  readonly startedAt: string
  /** How long clients and faults were at work. */
  readonly loadMs: number
  readonly verdict: Verdict
  /** What is wrong, in words. */
  readonly violations: readonly string[]
  readonly totals: RunTotals
  readonly latencies: Percentiles
  readonly errors: readonly (readonly [string, number])[]
  readonly faults: readonly FaultResult[]
  readonly seconds: readonly SecondResult[]
}

export interface RunTotals {
  /** Entries that were sent, those of them that were acknowledged, and those without an outcome. */
  readonly sent: number
  readonly acked: number
  readonly unknown: number
  /** Entries of all topics, read back. */
  readonly stored: number
  readonly delivered: number
  /** Takes without an outcome. */
  readonly takesUnknown: number
}

export interface FaultResult {
  readonly kind: FaultKind
  readonly about: string
  readonly beginMs: number
  readonly endMs: number
  /** The longest time in which a topic got no acknowledgement, up to a few seconds behind the fault. */
  readonly pauseMs: number
}

export interface SecondResult extends Pick<Percentiles, 'p50' | 'p99' | 'max'> {
  readonly acked: number
  readonly delivered: number
  readonly errors: Readonly<Record<string, number>>
}

export interface RunFacts extends Pick<
  RunResult,
  'seed' | 'nodeCount' | 'startedAt' | 'loadMs' | 'verdict' | 'violations'
> {
  readonly recorder: Recorder
  readonly faults: readonly FaultRecord[]
}

/** Everything that a report shows, from what was recorded. */
export function summarize({ recorder, faults, ...facts }: RunFacts): RunResult {
  const { timeline } = recorder
  return {
    ...facts,
    totals: totalsOf(recorder),
    latencies: timeline.latencies(),
    errors: timeline.errorCounts(),
    faults: faults.map((fault) => faultResult(fault, recorder, facts.loadMs)),
    seconds: timeline.seconds.map(({ acked, delivered, errors, latenciesMs }) => {
      const { p50, p99, max } = percentilesOf(latenciesMs)
      return { acked, delivered, p50, p99, max, errors: Object.fromEntries(errors) }
    }),
  }
}

function totalsOf({ histories }: Recorder): RunTotals {
  const puts = histories.flatMap((history) => history.puts)
  const takes = histories.flatMap((history) => history.takes)
  const acked = puts.filter(({ outcome }) => outcome === 'acked').length
  return {
    sent: puts.length,
    acked,
    unknown: puts.filter(({ outcome }) => outcome === 'unknown').length,
    stored: histories.reduce((sum, { observed }) => sum + observed.entries.length, 0),
    delivered: takes.filter(({ outcome }) => outcome === 'delivered').length,
    takesUnknown: takes.filter(({ outcome }) => outcome === 'unknown').length,
  }
}

function faultResult({ fault, about, beginMs, endMs = Infinity }: FaultRecord, recorder: Recorder, loadMs: number) {
  const untilMs = Math.min(endMs + AFTERMATH_MS, loadMs)
  const pauses = recorder.histories.map(({ acksMs }) => {
    return longestPauseMs(
      acksMs.filter((ackMs) => ackMs <= loadMs),
      beginMs,
      untilMs,
    )
  })
  return { kind: fault.kind, about, beginMs, endMs: Math.min(endMs, loadMs), pauseMs: Math.max(0, ...pauses) }
}

/** A fault is felt for a while after its end. */
const AFTERMATH_MS = 3000
