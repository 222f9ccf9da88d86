import type { LogPoint } from './log-point.js'

/** Where a batch starts. */
export interface BatchMark extends LogPoint {
  /** In bytes from the start of the run. */
  readonly byte: number
}

/** Where in a run to start looking for a record: one mark per some bytes, so memory grows with blocks, not with records. */
export class SparseIndex {
  readonly #marks: BatchMark[] = []

  constructor(readonly bytesPerMark: number) {}

  /** Notes a batch. Index, position and byte ascend from call to call. */
  add(index: number, position: number, byte: number): void {
    const last = this.#marks.at(-1)
    if (last === undefined || byte - last.byte >= this.bytesPerMark) this.#marks.push({ index, position, byte })
  }

  /** The last mark at or before that point, by entries or by records; undefined if there is none. */
  lastUpTo(by: keyof LogPoint, value: number): BatchMark | undefined {
    let low = 0
    let high = this.#marks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#marks[middle]?.[by] ?? Infinity) <= value) low = middle + 1
      else high = middle
    }
    return this.#marks[low - 1]
  }
}
