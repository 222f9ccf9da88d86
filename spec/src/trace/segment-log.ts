import type { Producer } from '@walrus/core'

/** The topic's small state, as its log gives it. */
export interface LogState {
  /** Cursor → topic offset of its next entry. */
  readonly cursors: ReadonlyMap<string, number>
  /** Producer → its last sequence. */
  readonly producers: ReadonlyMap<number, number>
}

export const EMPTY_LOG_STATE: LogState = { cursors: new Map(), producers: new Map() }

/** A batch as a range of records: `position` to `end`. */
export interface BatchRange {
  readonly position: number
  readonly entryCount: number
  readonly cursors: Readonly<Record<string, number>> | undefined
  readonly producer: Producer | undefined
}

/**
 * What the one leader of a segment wrote, as ranges. Every copy is a prefix of it, so of a copy a position says all. What is in
 * the entries a trace does not tell.
 */
export class SegmentLog {
  readonly #start: LogState
  #batches: BatchRange[] = []
  /** Entries up to the end of each batch. */
  #entryCounts: number[] = []
  #cursors: Map<string, number>
  #producers: Map<number, number>

  constructor(start: LogState) {
    this.#start = start
    this.#cursors = new Map(start.cursors)
    this.#producers = new Map(start.producers)
  }

  get end(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? 0 : endOf(last)
  }

  get entryCount(): number {
    return this.#entryCounts.at(-1) ?? 0
  }

  /** At its end. Changes with the log. */
  get state(): LogState {
    return { cursors: this.#cursors, producers: this.#producers }
  }

  append(batch: BatchRange): void {
    const entryCount = this.entryCount + batch.entryCount
    this.#batches.push(batch)
    this.#entryCounts.push(entryCount)
    apply(batch, this.#cursors, this.#producers)
  }

  /** Entries before the position; undefined when that is in the middle of a batch, or behind the end. */
  entriesBefore(position: number): number | undefined {
    const count = this.#batchesBefore(position)
    if ((count === 0 ? 0 : this.#endAt(count - 1)) !== position) return undefined
    return count === 0 ? 0 : this.#entryCounts[count - 1]
  }

  /** What the batches before the position have made of the state. */
  stateAt(position: number): LogState {
    const cursors = new Map(this.#start.cursors)
    const producers = new Map(this.#start.producers)
    for (const batch of this.#batches.slice(0, this.#batchesBefore(position))) apply(batch, cursors, producers)
    return { cursors, producers }
  }

  /** What is behind the position was never there. */
  cut(position: number): void {
    const { cursors, producers } = this.stateAt(position)
    this.#batches = this.#batches.slice(0, this.#batchesBefore(position))
    this.#entryCounts = this.#entryCounts.slice(0, this.#batches.length)
    this.#cursors = new Map(cursors)
    this.#producers = new Map(producers)
  }

  /** Batches that end at the position or before. */
  #batchesBefore(position: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#endAt(middle) <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  #endAt(index: number): number {
    const batch = this.#batches[index]
    return batch === undefined ? 0 : endOf(batch)
  }
}

/** Each entry is a record, and so is a control batch. */
export function endOf({ position, entryCount }: Pick<BatchRange, 'position' | 'entryCount'>): number {
  return position + Math.max(1, entryCount)
}

function apply(batch: BatchRange, cursors: Map<string, number>, producers: Map<number, number>): void {
  const { producer, entryCount } = batch
  for (const [name, offset] of Object.entries(batch.cursors ?? {})) cursors.set(name, offset)
  if (producer !== undefined) producers.set(producer.id, producer.sequence + entryCount - 1)
}
