import { LOG_START, type LogPoint } from '../blocks/log-point.js'

/** A stretch of entry indices of a segment, `to` not included. Empty where control batches are missing, and no entries. */
export interface IndexRange {
  readonly from: number
  readonly to: number
}

/** Follows the records of a segment from run to run, and tells where some are missing. */
export class EntryChain {
  #end = LOG_START

  /** Index after the last entry that was passed. */
  get index(): number {
    return this.#end.index
  }

  /** Records that were passed. */
  get position(): number {
    return this.#end.position
  }

  /** What is missing before a record that stands next; undefined when nothing is. */
  gapBefore({ index, position }: LogPoint): IndexRange | undefined {
    if (index <= this.index && position <= this.position) return undefined
    return { from: this.index, to: Math.max(this.index, index) }
  }

  /** Goes on behind what ends there. */
  pass({ index, position }: LogPoint): void {
    this.#end = { index: Math.max(this.index, index), position: Math.max(this.position, position) }
  }
}

/** How a gap is reported. */
export function gapReason({ from, to }: IndexRange): string {
  return to > from ? `entries up to ${to} are missing` : 'control records are missing'
}
