import { formatSegmentKey, type SegmentKey } from '@walrus/core'

/** Work on segments: each segment by one piece of work at a time, a bounded number of them at once, in the order of asking. */
export class RepairQueue {
  readonly #work: (key: SegmentKey) => Promise<void>
  readonly #parallelMax: number
  readonly #waiting = new Map<string, SegmentKey>()
  readonly #running = new Map<string, Promise<void>>()
  #closed = false

  /** `work` must not reject. */
  constructor(parallelMax: number, work: (key: SegmentKey) => Promise<void>) {
    this.#parallelMax = parallelMax
    this.#work = work
  }

  /** The segment is worked on soon; once more, if that has begun already. */
  add(key: SegmentKey): void {
    if (this.#closed) return
    this.#waiting.set(formatSegmentKey(key), key)
    this.#startNext()
  }

  /** What waits is dropped. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  #startNext(): void {
    for (const [name, key] of this.#waiting) {
      if (this.#running.size >= this.#parallelMax) return
      if (this.#running.has(name)) continue
      this.#waiting.delete(name)
      const done = this.#work(key).finally(() => {
        this.#running.delete(name)
        this.#startNext()
      })
      this.#running.set(name, done)
    }
  }
}
