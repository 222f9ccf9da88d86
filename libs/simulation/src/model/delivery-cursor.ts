import type { ReadConsistency } from '@walrus/wal'
import { expectPromise } from './violation.js'

/** One read through the cursor that is under way. */
export interface CursorRead {
  readonly entriesMax: number
  /** True while the read has to find something: the log held more than all reads before it could take, and none came since. */
  mustFind: boolean
  /** True for one during which entries were removed: it may have begun before them, or behind. */
  loose: boolean
  /** Where the cursor stood when it began. */
  readonly fromOffset: number
}

/**
 * A cursor that moves when it is read from: what was delivered, and where it may stand after a crash.
 * Strictly: never behind what was delivered, ahead by no more than the reads whose answer nobody saw. At least once: never
 * ahead of what was delivered, behind by no more than the bound, or one larger batch.
 */
export class DeliveryCursor {
  readonly #consistency: ReadConsistency
  /** Offset behind the last delivered entry. */
  #deliveredEnd: number
  /** The highest offset that a read which failed may have committed. */
  #failedEnd = 0
  #durableEnd: number
  #lastBatch = 0
  readonly #underWay = new Set<CursorRead>()

  constructor(consistency: ReadConsistency, position: number) {
    this.#consistency = consistency
    this.#deliveredEnd = position
    this.#durableEnd = position
  }

  get deliveredEnd(): number {
    return this.#deliveredEnd
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0
  }

  begin(entriesMax: number, endOffset: number, loose: boolean): CursorRead {
    const mustFind = endOffset > this.#reachable && !loose
    const read = { entriesMax, mustFind, loose, fromOffset: this.#deliveredEnd }
    for (const other of this.#underWay) other.mustFind = false
    this.#underWay.add(read)
    return read
  }

  /** @param firstOffset of what was delivered; what is delivered together with others is told in order of offsets */
  delivered(read: CursorRead, firstOffset: number, count: number): void {
    this.#underWay.delete(read)
    expectPromise(
      count > 0 || !read.mustFind,
      () => 'a read through the cursor found nothing, though there was something',
    )
    if (count === 0) return
    const follows = read.loose ? firstOffset >= read.fromOffset : firstOffset === this.#deliveredEnd
    expectPromise(follows, () => {
      return `the cursor delivered offset ${firstOffset} after offset ${this.#deliveredEnd - 1}`
    })
    expectPromise(
      count <= read.entriesMax,
      () => `${count} entries were delivered, at most ${read.entriesMax} were asked for`,
    )
    this.#deliveredEnd = Math.max(this.#deliveredEnd, firstOffset + count)
    this.#lastBatch = count
  }

  /** Entries are being removed: what is under way may begin behind them. */
  loosen(): void {
    for (const read of this.#underWay) {
      read.loose = true
      read.mustFind = false
    }
  }

  /** Nothing before that offset is delivered any more, but for what is under way. */
  trimmed(startOffset: number): void {
    this.loosen()
    this.#deliveredEnd = Math.max(this.#deliveredEnd, startOffset)
  }

  failed(read: CursorRead): void {
    this.#failedEnd = read.loose ? Infinity : Math.max(this.#failedEnd, this.#reachable)
    this.#underWay.delete(read)
  }

  /** Where the cursor stands at least, once what is committed now is durable. */
  get committedEnd(): number {
    if (this.#consistency.kind === 'StrictlyAtOnce') return this.#deliveredEnd
    return this.#deliveredEnd - Math.max(this.#consistency.persistEvery, this.#lastBatch)
  }

  noteDurable(committedEnd: number): void {
    this.#durableEnd = Math.max(this.#durableEnd, committedEnd)
  }

  /** Compares, and goes on from there. */
  recovered(position: number, startOffset: number): void {
    const least = Math.max(this.#durableEnd, startOffset)
    const most = Math.max(this.furthest, startOffset)
    expectPromise(position >= least && position <= most, () => {
      return `the cursor stands at ${position} after recovery, not from ${least} to ${most}`
    })
    this.#deliveredEnd = position
    this.#durableEnd = position
    this.#failedEnd = 0
    this.#lastBatch = 0
    this.#underWay.clear()
  }

  /** The furthest that its position can stand in the log. */
  get furthest(): number {
    if (this.#consistency.kind === 'AtLeastOnce') return this.#deliveredEnd
    return Math.max(this.#failedEnd, this.#reachable)
  }

  /** The furthest that the reads under way can take it. */
  get #reachable(): number {
    return [...this.#underWay].reduce((sum, { entriesMax }) => sum + entriesMax, this.#deliveredEnd)
  }
}
