/** What happened within one second of the run. */
export interface Second {
  /** Entries. */
  acked: number
  delivered: number
  /** Errors by their code. */
  readonly errors: Map<string, number>
  /** Of each acknowledged request, in milliseconds. */
  readonly latenciesMs: number[]
}

/** Durations of requests, in milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** The run, second by second. */
export class Timeline {
  readonly #seconds: Second[] = []

  get seconds(): readonly Second[] {
    return this.#seconds
  }

  /** A request was acknowledged, with that many entries. */
  acked(atMs: number, latencyMs: number, entryCount: number): void {
    const second = this.#at(atMs)
    second.acked += entryCount
    second.latenciesMs.push(latencyMs)
  }

  delivered(atMs: number): void {
    this.#at(atMs).delivered += 1
  }

  failed(atMs: number, code: string): void {
    const { errors } = this.#at(atMs)
    errors.set(code, (errors.get(code) ?? 0) + 1)
  }

  /** Errors of the whole run by their code, the most frequent first. */
  errorCounts(): readonly (readonly [string, number])[] {
    const counts = new Map<string, number>()
    for (const { errors } of this.#seconds) {
      for (const [code, count] of errors) counts.set(code, (counts.get(code) ?? 0) + count)
    }
    return [...counts].sort(([, one], [, other]) => other - one)
  }

  /** Of all requests of the run that were acknowledged. */
  latencies(): Percentiles {
    return percentilesOf(this.#seconds.flatMap(({ latenciesMs }) => latenciesMs))
  }

  #at(atMs: number): Second {
    const index = Math.max(0, Math.floor(atMs / 1000))
    while (this.#seconds.length <= index) {
      this.#seconds.push({ acked: 0, delivered: 0, errors: new Map(), latenciesMs: [] })
    }
    const second = this.#seconds[index]
    if (second === undefined) throw new Error(`There is no second ${index}`)
    return second
  }
}

/** All zero without any. */
export function percentilesOf(valuesMs: readonly number[]): Percentiles {
  const ascending = Float64Array.from(valuesMs).sort()
  const at = (share: number) => ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }
}
