/**
 * How many bytes of requests wait for their answer, given only how many requests do: answers come in the order of the
 * requests, so it is enough to remember how many bytes had arrived with every so many requests.
 */
export class RequestLedger {
  #acceptedCount = 0
  #acceptedBytes = 0
  #answeredBytes = 0
  /** Invariant: ascending; each holds the totals at one `mark`, and has requests that wait. */
  #marks: { readonly count: number; readonly bytes: number }[] = []

  /** Requests so far. */
  get acceptedCount(): number {
    return this.#acceptedCount
  }

  accepted(bytes: number): void {
    this.#acceptedCount += 1
    this.#acceptedBytes += bytes
  }

  /** Remembers the totals; bytes are released from mark to mark, so mark once per piece of input. */
  mark(): void {
    if (this.#marks.at(-1)?.count === this.#acceptedCount) return
    this.#marks.push({ count: this.#acceptedCount, bytes: this.#acceptedBytes })
  }

  /** Bytes without an answer when `pendingCount` requests have none; never too few, at most one mark too many. */
  pendingBytes(pendingCount: number): number {
    const answeredCount = this.#acceptedCount - pendingCount
    for (let mark = this.#marks[0]; mark !== undefined && mark.count <= answeredCount; mark = this.#marks[0]) {
      this.#answeredBytes = mark.bytes
      this.#marks.shift()
    }
    return this.#acceptedBytes - this.#answeredBytes
  }
}
