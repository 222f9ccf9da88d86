/** Reads that may return no more than this cost little, and wait for nobody. */
const SMALL_BYTES = 64 * 1024

/**
 * Large reads take turns, first come, first served: what one takes of the processor's time is little, but somebody may ask for a
 * hundred at once, and all others would wait until they are through.
 */
export class ReadTurns {
  readonly #underWayBytesMax: number
  #underWayBytes = 0
  #waiting: { readonly bytes: number; readonly begin: () => void }[] = []

  /** @param underWayBytesMax of all reads that are under way; one alone may have more */
  constructor(underWayBytesMax: number) {
    this.#underWayBytesMax = underWayBytesMax
  }

  /** What `read` resolves to, once it has had its turn. `bytesMax` is the most that it may return. */
  async take<Result>(bytesMax: number, read: () => Promise<Result>): Promise<Result> {
    if (bytesMax <= SMALL_BYTES) return await read()
    const bytes = Math.min(bytesMax, this.#underWayBytesMax)
    await this.#turn(bytes)
    try {
      return await read()
    } finally {
      this.#underWayBytes -= bytes
      this.#letIn()
    }
  }

  #turn(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, begin: resolve })
      this.#letIn()
    })
  }

  #letIn(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (this.#underWayBytes + next.bytes > this.#underWayBytesMax) return
      this.#underWayBytes += next.bytes
      this.#waiting.shift()
      next.begin()
    }
  }
}
