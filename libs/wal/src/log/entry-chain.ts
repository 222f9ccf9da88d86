/** A stretch of entry indices of a segment, `to` not included. */
export interface IndexRange {
  readonly from: number
  readonly to: number
}

/** Follows the entries of a segment from run to run, and tells where some are missing. */
export class EntryChain {
  #index = 0

  /** Index after the last entry that was passed. */
  get index(): number {
    return this.#index
  }

  /** What is missing before an entry that stands next; undefined when nothing is. */
  gapBefore(index: number): IndexRange | undefined {
    return index > this.#index ? { from: this.#index, to: index } : undefined
  }

  /** Goes on behind what ends at `index`. */
  pass(index: number): void {
    this.#index = Math.max(this.#index, index)
  }
}

/** How a gap is reported. */
export function gapReason(gap: IndexRange): string {
  return `entries up to ${gap.to} are missing`
}
