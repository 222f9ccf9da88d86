/** A request that was sent and has no reply yet. */
export interface Call {
  /** Monotonic milliseconds after which nobody waits for the reply any more. */
  readonly deadlineMs: number
  settle(reply: Uint8Array): void
  reject(error: Error): void
}

/** Emptied slots at the front that are worth moving the rest for. */
const COMPACT_AT = 1024

/**
 * The calls of one connection, oldest first: replies come in the order of the requests.
 * Invariant: deadlines ascend, because every call of a connection is given the same time.
 */
export class CallsInFlight {
  #calls: (Call | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#calls.length - this.#head
  }

  get oldest(): Call | undefined {
    return this.#calls[this.#head]
  }

  push(call: Call): void {
    this.#calls.push(call)
  }

  shift(): Call | undefined {
    const call = this.#calls[this.#head]
    if (call === undefined) return undefined
    this.#calls[this.#head] = undefined
    this.#head += 1
    this.#compact()
    return call
  }

  /** Rejects and forgets all of them: the oldest for its own reason, those behind it because it failed. */
  rejectAll(oldest: Error, others: Error): void {
    const calls = this.#calls.slice(this.#head)
    this.#calls = []
    this.#head = 0
    calls.forEach((call, index) => call?.reject(index === 0 ? oldest : others))
  }

  #compact(): void {
    if (this.#head === this.#calls.length || (this.#head >= COMPACT_AT && this.#head * 2 >= this.#calls.length)) {
      this.#calls = this.#calls.slice(this.#head)
      this.#head = 0
    }
  }
}
