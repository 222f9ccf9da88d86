import {
  EMPTY_TOPIC_STATE,
  WalrusError,
  type Clock,
  type LogStorage,
  type ReadLimits,
  type SealOptions,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'
import { CLEAN_MARK, START_MARK, userCursorOffsets } from './reserved-cursors.js'
import { countExpired, segmentBytesUnder, type RetentionPolicy } from './retention.js'

/** Offsets that a batch got: all from first to last. */
export interface AppendedBatch {
  readonly firstOffset: number
  readonly lastOffset: number
}

/** Offsets whose entries were given up: from the first up to where the topic goes on. */
export interface GivenUp {
  readonly fromOffset: number
  /** The next entry that is appended gets it, or a later one. */
  readonly nextOffset: number
}

export interface TopicOptions {
  readonly storage: LogStorage
  readonly clock: Clock
  /** A segment of this size is sealed, and the next one opened. */
  readonly segmentBytesMax: number
  readonly retention: RetentionPolicy
  /** Told of segments that could not be dropped. */
  readonly onProblem: (error: Error) => void
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
  readonly #segmentBytesMax: number
  /** Ascending. Invariant: each starts at the offset where the one before ends; all but the last are sealed. */
  #segments: readonly SegmentLog[]
  #open: SegmentLog
  /** Set while the open segment is being replaced: what arrives waits here, in order. */
  #held: Held[] | undefined
  #clean: boolean
  /** Dropped, and still in the storage. Ascending. */
  readonly #leaving: SegmentLog[] = []
  #removing: Promise<void> = Promise.resolve()
  /** Never rejects. */
  #expiring: Promise<unknown> = Promise.resolve()
  readonly #progressListeners = new Set<() => void>()
  #stopListening: () => void = () => undefined
  /** The end of the open segment could not be recorded: until it is, nothing can be written. */
  #endIsDue = false

  /** @param segments what the storage holds of the topic, in any order; may be empty */
  constructor(name: string, segments: readonly SegmentLog[], options: TopicOptions) {
    this.name = name
    this.#options = options
    this.#segmentBytesMax = segmentBytesUnder(options.retention, options.segmentBytesMax)
    const stored = [...segments].sort((a, b) => a.segment - b.segment)
    const last = stored.at(-1)
    this.#open = last && !last.sealed ? last : this.#createAfter(last)
    this.#segments = last === this.#open ? stored : [...stored, this.#open]
    const cleanMark = this.#open.topicState.cursors.get(CLEAN_MARK)
    this.#clean = cleanMark === undefined ? this.endOffset === 0 : cleanMark === 1
    this.#listen()
  }

  /** Offset after the last committed entry. */
  get endOffset(): number {
    return this.#open.baseOffset + this.#open.entryCount
  }

  /** Offset of the oldest entry that may be read. */
  get startOffset(): number {
    return Math.max(this.#segments[0]?.baseOffset ?? 0, this.#open.topicState.cursors.get(START_MARK) ?? 0)
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  /** True while no append and no mark of it was ever committed. */
  get isUnwritten(): boolean {
    return this.endOffset === 0 && this.sizeBytes === 0
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  /** True while nothing was appended since it was last marked clean; a topic without entries is clean too. */
  get clean(): boolean {
    return this.#clean
  }

  append(entry: Uint8Array): Promise<number> {
    if (this.#mustHold(this.#isFull)) return this.#holdAppend(new Uint8Array(entry))
    try {
      this.#noteDirty()
      const ticket = this.#open.append(entry)
      const offset = ticket.lastOffset
      return ticket.done().then(() => offset)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async appendBatch(entries: readonly Uint8Array[]): Promise<AppendedBatch> {
    if (this.#mustHold(this.#isFull)) return this.#hold(() => this.appendBatch(entries))
    this.#noteDirty()
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

  /** Resolves when the mark is committed. */
  async mark(clean: boolean): Promise<void> {
    if (this.#clean === clean) return
    this.#clean = clean
    await this.commitCursor(CLEAN_MARK, () => (clean ? 1 : 0))
  }

  /** Committed entries from `offset` on, across segments; empty at the end. An offset that is no longer kept starts at the oldest. */
  async read(offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    let entries = await this.#readSegment(Math.max(offset, this.startOffset), limits)
    for (;;) {
      const last = entries.at(-1)
      const rest = { maxEntries: limits.maxEntries - entries.length, maxBytes: limits.maxBytes - bytesOf(entries) }
      if (!last || last.offset + 1 >= this.endOffset || rest.maxEntries <= 0 || rest.maxBytes <= 0) return entries
      // Damage there is met by the read that begins with it: what stands before it is delivered.
      const [next, ...more] = await this.#readSegment(last.offset + 1, rest).catch(() => [])
      // A segment gives its first entry whatever its size, which must not make a batch larger than it may be.
      if (!next || next.data.length > rest.maxBytes) return entries
      entries = [...entries, next, ...more]
    }
  }

  /** Offset of the first entry that was appended at that time or later; the end if there is none. */
  async offsetAtTime(timestampMs: number): Promise<number> {
    for (const segment of this.#segments) {
      if (segment.lastAppendMs < timestampMs) continue
      const index = await segment.indexAtTime(timestampMs)
      if (index < segment.entryCount) return Math.max(this.startOffset, segment.baseOffset + index)
    }
    return this.endOffset
  }

  /** Calls back when entries were committed, until the function that it returns is called. */
  onProgress(listener: () => void): () => void {
    this.#progressListeners.add(listener)
    return () => void this.#progressListeners.delete(listener)
  }

  /** Entries before `offset` are not read any more; the space of whole segments among them comes back. */
  async truncateBefore(offset: number): Promise<void> {
    if (offset <= this.startOffset) return
    await this.commitCursor(START_MARK, () => Math.min(offset, this.endOffset))
    await this.expire()
  }

  /**
   * Where the open segment is damaged, and so takes nothing: gives up what is lost at its end, and goes on in the next one. Resolves
   * with what was given up when that is on record; with undefined, and nothing done, where it is not damaged.
   */
  async sealAtDamage(nextOffset: number): Promise<GivenUp | undefined> {
    while (this.#held) await this.#hold(() => Promise.resolve())
    const { damagedFrom, baseOffset } = this.#open
    if (damagedFrom === undefined) return undefined
    await this.#roll({ atDamage: { entryCountMin: nextOffset - baseOffset } })
    await this.#settleOpen()
    return { fromOffset: baseOffset + damagedFrom, nextOffset: this.#open.baseOffset }
  }

  /** Drops the segments that the retention policy no longer keeps. Resolves when their space is free. */
  expire(): Promise<void> {
    const expiry = this.#expire()
    this.#expiring = Promise.allSettled([this.#expiring, expiry])
    return expiry
  }

  /** Deletes all of it; nothing else may be called from now on, but this again when it has rejected. */
  async remove(): Promise<void> {
    await this.drain()
    this.#stopListening()
    await this.#dropOldest(this.#segments.length)
  }

  /** Resolves when nothing is in flight, held appends included. */
  async drain(): Promise<void> {
    while (this.#held) await this.#hold(() => Promise.resolve())
    await this.#open.drain()
    await this.#expiring
    await this.#removing.catch(() => undefined)
  }

  async #readSegment(from: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    const segment = this.#segments.findLast((one) => one.baseOffset <= from)
    if (!segment) return []
    const entries = await segment.read(from - segment.baseOffset, limits)
    if (entries.length > 0 || segment === this.#open || from < segment.baseOffset + segment.entryCount) return entries
    throw new WalrusError('CORRUPT_DATA', `Cannot read offset ${from} of topic "${this.name}": its segment is missing`)
  }

  #noteDirty(): void {
    if (!this.#clean) return
    this.#clean = false
    if (this.#open.topicState.cursors.get(CLEAN_MARK) === 1) this.#open.commitCursor(CLEAN_MARK, 0)
  }

  get #isFull(): boolean {
    return this.#open.sizeBytes >= this.#segmentBytesMax
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
  async #roll(how: SealOptions = {}): Promise<void> {
    this.#held = []
    try {
      await this.#open.seal({ durable: false, ...how })
      // Writers must not outrun the removal of what retention drops, or the bound on bytes would mean little.
      await this.#removing.catch(() => undefined)
      this.#endIsDue = false
      this.#open = this.#createAfter(this.#open)
      this.#segments = [...this.#segments, this.#open]
      this.#listen()
      for (const { resume } of this.#takeHeld()) resume()
      this.expire().catch(this.#options.onProblem)
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

  /** An open segment that is old would keep its first entries for ever. */
  #rollIfOlder(timestampMs: number): void {
    if (!this.#held && this.#open.entryCount > 0 && this.#open.createdMs <= timestampMs) void this.#roll()
  }

  #listen(): void {
    this.#stopListening()
    this.#stopListening = this.#open.onCommit(() => {
      for (const listener of [...this.#progressListeners]) listener()
    })
  }

  async #expire(): Promise<void> {
    const { retention, clock } = this.#options
    const nowMs = clock.wallMs()
    if (retention.ageMs !== undefined) this.#rollIfOlder(nowMs - retention.ageMs)
    if (this.#countExpired(nowMs) > 0) await this.#settleOpen()
    await this.#dropOldest(this.#countExpired(nowMs))
  }

  #countExpired(nowMs: number): number {
    const moment = {
      nowMs,
      startOffset: this.startOffset,
      openBytes: this.#open.sizeBytes,
      consumedOffset: this.#consumedOffset(),
    }
    const views = this.#segments.slice(0, -1).map(({ sizeBytes, lastAppendMs, baseOffset, entryCount }) => {
      return { sizeBytes, lastAppendMs, endOffset: baseOffset + entryCount }
    })
    return countExpired(views, this.#options.retention, moment)
  }

  /** Once the segments before it are gone, only what is on disk of the open one says where the topic's offsets go on. */
  async #settleOpen(): Promise<void> {
    while (this.#open.sizeBytes === 0) await this.commitCursor(CLEAN_MARK, () => (this.#clean ? 1 : 0))
  }

  #consumedOffset(): number | undefined {
    const offsets = userCursorOffsets(this.#open.topicState)
    return offsets.length === 0 ? undefined : Math.min(...offsets)
  }

  #dropOldest(count: number): Promise<void> {
    this.#leaving.push(...this.#segments.slice(0, count))
    this.#segments = this.#segments.slice(count)
    const removeAll = (): Promise<void> => this.#removeLeaving()
    this.#removing = this.#removing.then(removeAll, removeAll)
    return this.#removing
  }

  /** What cannot be removed now is tried again with the next drop: none is removed before an older one. */
  async #removeLeaving(): Promise<void> {
    for (let oldest = this.#leaving[0]; oldest; oldest = this.#leaving[0]) {
      await this.#options.storage.remove({ topic: this.name, segment: oldest.segment })
      this.#leaving.shift()
    }
  }

  #createAfter(last: SegmentLog | undefined): SegmentLog {
    return this.#options.storage.create({
      topic: this.name,
      segment: (last?.segment ?? 0) + 1,
      baseOffset: last ? last.baseOffset + last.entryCount : 0,
      epoch: 1,
      topicState: last?.topicState ?? EMPTY_TOPIC_STATE,
      expectedBytes: this.#segmentBytesMax,
    })
  }
}

function bytesOf(entries: readonly StoredEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.data.length, 0)
}
