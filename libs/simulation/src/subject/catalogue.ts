/** One segment as its owner remembers it. */
export interface SegmentRow {
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  /** Set once sealed. */
  sealedCount: number | undefined
  /** Set while it is being removed: after a crash it may be there, whole, or not. */
  leaving: boolean
}

/** What a node knows of its segments from elsewhere, whatever its disk does: as the metadata of a cluster. */
export class Catalogue {
  /** Ascending; the last is open. */
  readonly topics = new Map<string, SegmentRow[]>()
  #epoch = 0

  /** The topic's rows, with a first segment where there was none. */
  rowsOf(topic: string): SegmentRow[] {
    const known = this.topics.get(topic)
    if (known) return known
    this.#epoch += 1
    const made = [{ segment: 1, baseOffset: 0, epoch: this.#epoch, sealedCount: undefined, leaving: false }]
    this.topics.set(topic, made)
    return made
  }
}

export function nextRow({ segment, baseOffset, epoch, sealedCount = 0 }: SegmentRow): SegmentRow {
  return {
    segment: segment + 1,
    baseOffset: baseOffset + sealedCount,
    epoch: epoch + 1,
    sealedCount: undefined,
    leaving: false,
  }
}
