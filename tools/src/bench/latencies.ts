import { createHistogram } from 'node:perf_hooks'
import type { Latency } from './benchmark.js'

/** Collects durations into a histogram of high dynamic range. */
export class Latencies {
  readonly #histogram = createHistogram()

  /** @param milliseconds as differences of `performance.now()` */
  add(milliseconds: number): void {
    this.#histogram.record(Math.max(1, Math.round(milliseconds * 1e6)))
  }

  summary(): Latency {
    const microseconds = (percentile: number): number => this.#histogram.percentile(percentile) / 1000
    return { p50: microseconds(50), p99: microseconds(99), p999: microseconds(99.9) }
  }
}
