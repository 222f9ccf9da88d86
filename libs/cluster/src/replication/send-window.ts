/** Batches that follow each other, as one request for replicas. Several streams send the same bytes. */
export interface Stretch {
  /** Where its first batch begins. */
  readonly position: number
  /** Behind its last batch. */
  readonly end: number
  readonly payload: Uint8Array
}

/** The newest stretches of a segment's log, in order and without a hole. */
export class SendWindow {
  /** Behind the newest stretch: the end of what was ever added. */
  end: number
  readonly #bytesMax: number
  readonly #stretches = new Map<number, Stretch>()
  #bytes = 0

  constructor(end: number, bytesMax: number) {
    this.end = end
    this.#bytesMax = bytesMax
  }

  /** The stretch that begins there; undefined when it is gone, or when none begins there. */
  at(position: number): Stretch | undefined {
    return this.#stretches.get(position)
  }

  /** The next stretch; it begins at `end`. */
  add(stretch: Stretch): void {
    this.#stretches.set(stretch.position, stretch)
    this.#bytes += stretch.payload.length
    this.end = stretch.end
  }

  /**
   * Forgets what all streams have sent, and the oldest of what is too much, but nothing that is not on this node's disk: only
   * here could a stream get it from.
   */
  forget({ sentByAll, onDisk }: { readonly sentByAll: number; readonly onDisk: number }): void {
    for (const stretch of this.#stretches.values()) {
      const needed = stretch.end > sentByAll && this.#bytes <= this.#bytesMax
      if (needed || stretch.end > onDisk) return
      this.#stretches.delete(stretch.position)
      this.#bytes -= stretch.payload.length
    }
  }
}
