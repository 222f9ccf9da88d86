const BYTES_MIN = 1024

/** Recycles the buffers in which batches are built, so that a busy log does not feed the garbage collector. */
export class BufferPool {
  readonly #free = new Map<number, Uint8Array[]>()
  #freeBytes = 0

  constructor(readonly freeBytesMax: number) {}

  /** A buffer of at least `bytes`; its content is undefined. */
  take(bytes: number): Uint8Array {
    const size = sizeClass(bytes)
    const buffer = this.#free.get(size)?.pop()
    if (!buffer) return new Uint8Array(size)
    this.#freeBytes -= size
    return buffer
  }

  /** Gives a buffer back; nobody may use it any more. */
  give(buffer: Uint8Array): void {
    const size = buffer.length
    if (this.#freeBytes + size > this.freeBytesMax || size !== sizeClass(size)) return
    const free = this.#free.get(size)
    if (free) free.push(buffer)
    else this.#free.set(size, [buffer])
    this.#freeBytes += size
  }
}

function sizeClass(bytes: number): number {
  let size = BYTES_MIN
  while (size < bytes) size *= 2
  return size
}
