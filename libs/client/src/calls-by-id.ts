/** Requests that were sent and have no answer yet, where answers say which request is theirs. */
export class CallsById<Answer> {
  readonly #calls = new Map<number, Call<Answer>>()
  #lastId = 0

  get size(): number {
    return this.#calls.size
  }

  /** From 1; no call that has no answer yet has it. */
  freeId(): number {
    do this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1
    while (this.#calls.has(this.#lastId))
    return this.#lastId
  }

  /** Resolves with the answer; rejects with what `expire` returns when there is none after so long. */
  add(id: number, timeoutMs: number, expire: () => Error): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // After waiting input was read: an answer that arrived while this process was busy still counts.
      const timer = setTimeout(() => setImmediate(() => this.#expire(id, expire)), timeoutMs).unref()
      this.#calls.set(id, { resolve, reject, timer })
    })
  }

  /** An id that nobody waits for is fine. */
  settle(id: number, answer: Answer): void {
    this.#take(id)?.resolve(answer)
  }

  rejectAll(error: Error): void {
    for (const id of [...this.#calls.keys()]) this.#take(id)?.reject(error)
  }

  #expire(id: number, expire: () => Error): void {
    const call = this.#take(id)
    if (call !== undefined) call.reject(expire())
  }

  #take(id: number): Call<Answer> | undefined {
    const call = this.#calls.get(id)
    if (call === undefined) return undefined
    clearTimeout(call.timer)
    this.#calls.delete(id)
    return call
  }
}

interface Call<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

const ID_MAX = 0xffff_ffff
