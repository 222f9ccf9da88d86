import type { Storage } from './storage.js'

/** What one run of one case measured. */
export interface Sample {
  /** In the unit of the case: operations per second, milliseconds, … */
  readonly value: number
  readonly latency?: Latency
}

/** Microseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** One row of a benchmark: measured several times, after one run that does not count. */
export interface Case {
  readonly what: string
  readonly unit: string
  /** More is better for rates, less for times. */
  readonly better: 'more' | 'less'
  readonly run: () => Promise<Sample>
  /** The budget, of the design's section 10: a fixed figure, or one that follows from other cases of the same run. */
  readonly mustReach?: Budget
  readonly hopeFor?: Budget
  /** `what` of the case that shows the limit of the machine, measured in the same run. */
  readonly limit?: string
}

export type Budget = number | { readonly factor: number; readonly of: string }

/** A named group of cases that share one set-up. */
export interface Benchmark {
  readonly name: string
  readonly about: string
  /** Builds the cases in an empty folder; `close` ends whatever the set-up started. */
  readonly setUp: (
    setting: Setting,
  ) => Promise<{ readonly cases: readonly Case[]; readonly close: () => Promise<void> }>
}

export interface Setting {
  /** An empty folder on a disk, deleted afterwards. */
  readonly folder: string
  /** Scales the amount of work; 1 is what the budgets are stated for. */
  readonly scale: number
  /** What the storage engine stands on. */
  readonly storage: Storage
}
