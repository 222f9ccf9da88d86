/** Where in a run to start looking for an entry: one mark per some bytes, so memory grows with blocks, not with entries. */
export class SparseIndex {
  readonly #entryIndices: number[] = []
  readonly #positions: number[] = []

  constructor(readonly bytesPerMark: number) {}

  /** Notes that the batch at `position` starts with entry `entryIndex`. Both ascend from call to call. */
  add(entryIndex: number, position: number): void {
    const last = this.#positions.at(-1)
    if (last !== undefined && position - last < this.bytesPerMark) return
    this.#entryIndices.push(entryIndex)
    this.#positions.push(position)
  }

  /** Position of a batch that starts at or before the entry; 0 if no mark does. */
  positionBefore(entryIndex: number): number {
    let low = 0
    let high = this.#entryIndices.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entryIndices[middle] ?? Infinity) <= entryIndex) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (this.#positions[low - 1] ?? 0)
  }
}
