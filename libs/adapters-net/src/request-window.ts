/** Few, because nothing is known of the answers yet; seven rounds of small ones later it is the largest. */
const FIRST_SIZE = 16

/** More than this many requests wait for no client: it would gain nothing, and large answers may follow small ones. */
const LARGEST_SIZE = 2048

/**
 * How many requests of a connection may wait for their answer, judged by how large the last answers were: once accepted, a
 * request will be answered, and nobody knows yet with how much.
 */
export class RequestWindow {
  readonly #maxPendingBytes: number
  #size = FIRST_SIZE

  constructor(maxPendingBytes: number) {
    this.#maxPendingBytes = maxPendingBytes
  }

  get size(): number {
    return this.#size
  }

  /** Takes note of the last `count` answers; the window shrinks at once and grows at most twofold. */
  observe(count: number, bytes: number): void {
    if (count === 0) return
    const affordable = Math.floor((this.#maxPendingBytes * count) / Math.max(bytes, 1))
    this.#size = Math.max(1, Math.min(affordable, 2 * this.#size, LARGEST_SIZE))
  }
}
