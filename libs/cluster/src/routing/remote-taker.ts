import { SHARED_CURSOR, type Clock, type StoredEntry } from '@walrus/core'
import { TAKEN_AT_ONCE_MAX, type RemoteTakes } from './remote-takes.js'

export interface RemoteTakerOptions {
  readonly clock: Clock
  readonly requestTimeoutMs: number
  readonly takes: RemoteTakes
}

/**
 * Serves `GET`s of a topic that another node leads. One question is under way at a time, for as many entries as there were
 * calls; each gets the entry of its place.
 */
export class RemoteTaker {
  readonly #options: RemoteTakerOptions
  #calls: Call[] = []
  #busy = false

  constructor(options: RemoteTakerOptions) {
    this.#options = options
  }

  /** The next entry; undefined at the end. See `RemoteTakes.take`. */
  next(): Promise<StoredEntry | undefined> {
    return new Promise((resolve, reject) => {
      const { clock, requestTimeoutMs } = this.#options
      this.#calls.push({ deadlineMs: clock.monotonicMs() + requestTimeoutMs, resolve, reject })
      if (!this.#busy) void this.#serveAll()
    })
  }

  /** Never rejects: a failure goes to the calls that it concerns. */
  async #serveAll(): Promise<void> {
    this.#busy = true
    // All calls of one turn of the event loop go together.
    await Promise.resolve()
    while (this.#calls.length > 0) await this.#serve(this.#calls.splice(0, TAKEN_AT_ONCE_MAX))
    this.#busy = false
  }

  /** Whoever came first waits as long as who came last: so no entry arrives for somebody who has given up. */
  async #serve(calls: readonly Call[]): Promise<void> {
    const deadlineMs = calls.at(-1)?.deadlineMs ?? 0
    const wanted = { cursor: SHARED_CURSOR, countMax: calls.length, bytesMax: Infinity }
    try {
      this.#distribute(calls, await this.#options.takes.take(wanted, deadlineMs))
    } catch (error) {
      for (const call of calls) call.reject(error)
    }
  }

  /** Nothing found is the end for everybody; else those without an entry ask again. */
  #distribute(calls: readonly Call[], entries: readonly StoredEntry[]): void {
    const served = entries.length === 0 ? calls.length : entries.length
    for (const [at, call] of calls.slice(0, served).entries()) call.resolve(entries[at])
    this.#calls = [...calls.slice(served), ...this.#calls]
  }
}

interface Call {
  readonly deadlineMs: number
  readonly resolve: (entry: StoredEntry | undefined) => void
  readonly reject: (error: unknown) => void
}
