import type { FoundRun } from '../blocks/block-store.js'

/** How much of the runs of a log was read. */
export class Progress {
  readonly #onProgress: (doneBytes: number, totalBytes: number) => void
  readonly #totalBytes: number
  #doneBytes = 0
  #current: FoundRun | undefined

  constructor(found: readonly FoundRun[], onProgress: (doneBytes: number, totalBytes: number) => void) {
    this.#onProgress = onProgress
    this.#totalBytes = found.reduce((sum, run) => sum + bytesToRead(run), 0)
  }

  /** The run was read up to `position`. Runs come one after the other. */
  reach(run: FoundRun, position: number): void {
    if (this.#current && this.#current !== run) this.#doneBytes += bytesToRead(this.#current)
    this.#current = run
    this.#onProgress(this.#doneBytes + Math.min(position, bytesToRead(run)), this.#totalBytes)
  }

  finish(): void {
    this.#onProgress(this.#totalBytes, this.#totalBytes)
  }
}

function bytesToRead({ file, slot }: FoundRun): number {
  const capacityBytes = slot.blockCount * file.geometry.blockBytes
  return slot.state === 'open' ? capacityBytes : Math.min(slot.knownBytes, capacityBytes)
}
