import {
  EMPTY_TOPIC_STATE,
  WalrusError,
  type LogStorage,
  type ReadLimits,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'

/** Offsets that a batch got: all from first to last. */
export interface AppendedBatch {
  readonly firstOffset: number
  readonly lastOffset: number
}

export interface TopicOptions {
  readonly storage: LogStorage
  /** A segment of this size is sealed, and the next one opened. */
  readonly segmentBytesMax: number
}

/** A call that waits until there is a segment to write to. */
interface Held {
  readonly resume: () => void
  readonly reject: (reason: unknown) => void
}

/** One topic as a chain of segments, of which the last is written. */
export class Topic {
  readonly name: string
  readonly #options: TopicOptions
  /** Ascending. Invariant: each starts at the offset where the one before ends; all but the last are sealed. */
  #segments: readonly SegmentLog[]
  #open: SegmentLog
  /** Set while the open segment is being replaced: what arrives waits here, in order. */
  #held: Held[] | undefined
  /** The end of the open segment could not be recorded: until it is, nothing can be written. */
  #endIsDue = false

  /** @param segments what the storage holds of the topic, in any order; may be empty */
  constructor(name: string, segments: readonly SegmentLog[], options: TopicOptions) {
    this.name = name
    this.#options = options
    const stored = [...segments].sort((a, b) => a.segment - b.segment)
    const last = stored.at(-1)
    this.#open = last && !last.sealed ? last : this.#createAfter(last)
    this.#segments = last === this.#open ? stored : [...stored, this.#open]
  }

  /** Offset after the last committed entry. */
  get endOffset(): number {
    return this.#open.baseOffset + this.#open.entryCount
  }

  /** Offset of the oldest entry that is kept. */
  get startOffset(): number {
    return this.#segments[0]?.baseOffset ?? 0
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  append(entry: Uint8Array): Promise<number> {
    if (this.#mustHold(this.#isFull)) return this.#holdAppend(new Uint8Array(entry))
    try {
      const ticket = this.#open.append(entry)
      const offset = ticket.lastOffset
      return ticket.done().then(() => offset)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async appendBatch(entries: readonly Uint8Array[]): Promise<AppendedBatch> {
    if (this.#mustHold(this.#isFull)) return this.#hold(() => this.appendBatch(entries))
    const ticket = this.#open.appendBatch(entries)
    const lastOffset = ticket.lastOffset
    await ticket.done()
    return { firstOffset: lastOffset - entries.length + 1, lastOffset }
  }

  /** Resolves when the cursor's position is committed. The offset is asked for when it joins the log; it may throw. */
  commitCursor(name: string, offset: () => number): Promise<void> {
    if (this.#mustHold(false)) return this.#hold(() => this.commitCursor(name, offset))
    try {
      return this.#open.commitCursor(name, offset()).done()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The committed position of the cursor; the oldest entry for one that never was. */
  cursorOffset(name: string): number {
    return Math.max(this.#open.topicState.cursors.get(name) ?? 0, this.startOffset)
  }

  /** Committed entries from `offset` on, from one segment; empty at the end. An offset that is no longer kept starts at the oldest. */
  async read(offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    const from = Math.max(offset, this.startOffset)
    const segment = this.#segments.findLast((one) => one.baseOffset <= from)
    if (!segment) return []
    const entries = await segment.read(from - segment.baseOffset, limits)
    if (entries.length > 0 || segment === this.#open || from < segment.baseOffset + segment.entryCount) return entries
    throw new WalrusError('CORRUPT_DATA', `Cannot read offset ${from} of topic "${this.name}": its segment is missing`)
  }

  /** Resolves when nothing is in flight, held appends included. */
  async drain(): Promise<void> {
    while (this.#held) await this.#hold(() => Promise.resolve())
    await this.#open.drain()
  }

  get #isFull(): boolean {
    return this.#open.sizeBytes >= this.#options.segmentBytesMax
  }

  #mustHold(isFull: boolean): boolean {
    if (!this.#held && (isFull || this.#endIsDue)) void this.#roll()
    return this.#held !== undefined
  }

  /** @param entry a copy: the caller's bytes may change as soon as its call returns */
  #holdAppend(entry: Uint8Array): Promise<number> {
    return this.#hold(() => this.append(entry))
  }

  #hold<T>(operation: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#held?.push({ resume: () => void operation().then(resolve, reject), reject })
    })
  }

  /** The next segment starts where this one ends: so its end must be settled first, and appends wait for it. */
  async #roll(): Promise<void> {
    this.#held = []
    try {
      await this.#open.seal()
      this.#endIsDue = false
      this.#open = this.#createAfter(this.#open)
      this.#segments = [...this.#segments, this.#open]
      for (const { resume } of this.#takeHeld()) resume()
    } catch (error) {
      this.#endIsDue = true
      for (const { reject } of this.#takeHeld()) reject(error)
    }
  }

  #takeHeld(): readonly Held[] {
    const held = this.#held ?? []
    this.#held = undefined
    return held
  }

  #createAfter(last: SegmentLog | undefined): SegmentLog {
    return this.#options.storage.create({
      topic: this.name,
      segment: (last?.segment ?? 0) + 1,
      baseOffset: last ? last.baseOffset + last.entryCount : 0,
      epoch: 1,
      topicState: last?.topicState ?? EMPTY_TOPIC_STATE,
    })
  }
}
