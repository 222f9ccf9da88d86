import { WalrusError, type ReadLimits, type StoredEntry } from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import type { Topic } from './topic.js'

const READ_AHEAD: ReadLimits = { maxEntries: 4096, maxBytes: 256 * 1024 }
const BATCH_LIMITS: ReadLimits = { maxEntries: 2000, maxBytes: 1024 * 1024 }

/** When a cursor's progress reaches the log: as a read consistency says, or only when it is told to. */
export type CursorCommit = ReadConsistency | { readonly kind: 'Manual' }

/** Where a cursor goes; beyond the ends of the log it stops at them. `timeMs`: wall-clock milliseconds of an append. */
export type SeekTarget = 'start' | 'end' | { readonly offset: number } | { readonly timeMs: number }

/** A named read position in a topic, shared by all who read through it: each entry goes to one of them. */
export class TopicCursor {
  readonly name: string
  readonly #topic: Topic
  readonly #commitWhen: CursorCommit
  readonly #onProblem: (error: Error) => void
  /** Offset of the next entry to deliver. Invariant: ≥ the committed position, but for a seek that is not committed. */
  #nextOffset: number
  /** The committed position, as far as it matters: how much would be delivered again. */
  #committedOffset: number
  /** Entries read ahead; `#ahead[#aheadAt]` is the one at `#nextOffset`. */
  #ahead: readonly StoredEntry[] = []
  #aheadAt = 0
  #filling: Promise<void> | undefined
  #persisting: Promise<void> | undefined
  /** Why the cursor went back, the last time that it did. */
  #setback: unknown
  #setbackCount = 0

  constructor(topic: Topic, name: string, commitWhen: CursorCommit, onProblem: (error: Error) => void) {
    this.name = name
    this.#topic = topic
    this.#commitWhen = commitWhen
    this.#onProblem = onProblem
    this.#nextOffset = topic.cursorOffset(name)
    this.#committedOffset = this.#nextOffset
  }

  /** Offset of the next entry to deliver. */
  get offset(): number {
    return Math.max(this.#nextOffset, this.#topic.startOffset)
  }

  /** Entries that were committed and not delivered. */
  get unreadCount(): number {
    return Math.max(0, this.#topic.endOffset - this.offset)
  }

  /** The next entry; undefined at the end. Without `checkpoint` the cursor stays where it is. */
  next(checkpoint = true): Promise<StoredEntry | undefined> {
    this.#passTruncated()
    const entry = this.#ahead[this.#aheadAt]
    if (!checkpoint || entry?.offset !== this.#nextOffset || !this.#mayDeliver(1)) return this.#nextOfBatch(checkpoint)
    return this.#deliver(1, entry)
  }

  /** At least one entry if there is one, then while the limits hold. */
  async nextBatch(limits: ReadLimits = BATCH_LIMITS, checkpoint = true): Promise<readonly StoredEntry[]> {
    for (;;) {
      this.#passTruncated()
      if (this.unreadCount === 0 || limits.maxEntries < 1) return []
      const [first, ...more] = await this.#look(limits)
      // Others may have taken them while this call waited for the disk.
      if (first?.offset !== this.#nextOffset) continue
      const entries = [first, ...more]
      if (!checkpoint) return entries
      if (this.#mayDeliver(entries.length)) return this.#deliver(entries.length, entries)
      await this.#persist()
    }
  }

  async #nextOfBatch(checkpoint: boolean): Promise<StoredEntry | undefined> {
    const [entry] = await this.nextBatch({ maxEntries: 1, maxBytes: 1 }, checkpoint)
    return entry
  }

  /** Records what was handed out until now: after a restart the cursor goes on behind it. */
  async commit(): Promise<void> {
    await this.#persisting?.catch(() => undefined)
    if (this.#committedOffset !== this.#nextOffset) await this.#persist()
  }

  /** Moves the cursor, and records where it is, unless it commits by hand. Calls that wait for an entry get one from there. */
  async seek(target: SeekTarget): Promise<void> {
    const wanted = await this.#resolve(target)
    const offset = Math.min(Math.max(wanted, this.#topic.startOffset), this.#topic.endOffset)
    this.#setback = new WalrusError(
      'UNAVAILABLE',
      `Cannot deliver through cursor "${this.name}": it was moved meanwhile`,
    )
    const committedOffset = this.#commitWhen.kind === 'Manual' ? this.#committedOffset : offset
    this.#moveTo(offset, committedOffset)
    if (this.#commitWhen.kind !== 'Manual') await this.#topic.commitCursor(this.name, () => offset)
  }

  /** Records what should have been recorded by now or soon. */
  async flush(): Promise<void> {
    if (this.#commitWhen.kind === 'AtLeastOnce') await this.commit()
  }

  async #resolve(target: SeekTarget): Promise<number> {
    if (target === 'start') return 0
    if (target === 'end') return Infinity
    if ('timeMs' in target) return this.#topic.offsetAtTime(target.timeMs)
    if (Number.isSafeInteger(target.offset) && target.offset >= 0) return target.offset
    const what = `Cannot move cursor "${this.name}" of topic "${this.#topic.name}" to offset ${target.offset}`
    throw new WalrusError('INVALID_ARGUMENT', `${what}: not a whole number from 0`)
  }

  get #uncommittedCount(): number {
    return this.#nextOffset - this.#committedOffset
  }

  /** What was read ahead and is given up since is not delivered. */
  #passTruncated(): void {
    const { startOffset } = this.#topic
    if (this.#nextOffset >= startOffset) return
    this.#nextOffset = startOffset
    this.#committedOffset = Math.max(this.#committedOffset, startOffset)
    this.#ahead = []
    this.#aheadAt = 0
  }

  /** The entries that a call with these limits gets; what was read ahead is used as long as it is enough. */
  async #look(limits: ReadLimits): Promise<readonly StoredEntry[]> {
    const ready = this.#takeAhead(limits)
    if (ready.isComplete) return ready.entries
    await this.#fill(limits)
    return this.#takeAhead(limits).entries
  }

  #fill(limits: ReadLimits): Promise<void> {
    this.#filling ??= this.#readAhead(limits).finally(() => (this.#filling = undefined))
    return this.#filling
  }

  /** Adds to what is ahead. */
  async #readAhead(limits: ReadLimits): Promise<void> {
    const from = this.#aheadEnd
    const entries = await this.#topic.read(from, {
      maxEntries: Math.max(limits.maxEntries, READ_AHEAD.maxEntries),
      maxBytes: Math.max(limits.maxBytes, READ_AHEAD.maxBytes),
    })
    if (from !== this.#aheadEnd) return
    const next = entries[0]?.offset ?? from
    // What stands before was given up while this call waited for the disk.
    const ahead = next === from ? this.#ahead.slice(this.#aheadAt) : []
    this.#nextOffset = next - ahead.length
    this.#ahead = [...ahead, ...entries]
    this.#aheadAt = 0
  }

  /** Offset behind the entries that were read ahead. */
  get #aheadEnd(): number {
    return this.#nextOffset + this.#ahead.length - this.#aheadAt
  }

  /** Complete: a limit was reached, or there is nothing behind. */
  #takeAhead(limits: ReadLimits): { readonly entries: readonly StoredEntry[]; readonly isComplete: boolean } {
    let end = this.#aheadAt
    let bytes = 0
    for (; end < this.#ahead.length && end - this.#aheadAt < limits.maxEntries; end++) {
      bytes += this.#ahead[end]?.data.length ?? 0
      if (bytes > limits.maxBytes && end > this.#aheadAt) break
    }
    const entries = this.#ahead.slice(this.#aheadAt, end)
    const isLimited = entries.length >= limits.maxEntries || (entries.length > 0 && bytes >= limits.maxBytes)
    return { entries, isComplete: isLimited || this.#nextOffset + entries.length >= this.#topic.endOffset }
  }

  /** More than `persistEvery` must never be uncommitted, except in one batch that is larger by itself. */
  #mayDeliver(count: number): boolean {
    if (this.#commitWhen.kind !== 'AtLeastOnce' || this.#uncommittedCount === 0) return true
    return this.#uncommittedCount + count <= this.#commitWhen.persistEvery
  }

  /** Strictly: the position behind an entry is committed before the entry is handed out. Else only what was handed out is. */
  async #deliver<T>(count: number, entries: T): Promise<T> {
    this.#aheadAt += count
    this.#nextOffset += count
    const when = this.#commitWhen
    if (when.kind === 'StrictlyAtOnce') await this.#commitStrictly(this.#nextOffset)
    if (when.kind === 'AtLeastOnce' && this.#uncommittedCount >= when.persistEvery)
      this.#persist().catch(this.#onProblem)
    return entries
  }

  async #commitStrictly(offset: number): Promise<void> {
    const setbackCount = this.#setbackCount
    try {
      await this.#topic.commitCursor(this.name, () => {
        if (setbackCount !== this.#setbackCount) throw this.#setback
        return offset
      })
      this.#committedOffset = Math.max(this.#committedOffset, offset)
    } catch (error) {
      if (setbackCount === this.#setbackCount) this.#goBack(error)
      throw error
    }
  }

  /** Later positions that wait for their commit fail with this one: else they would skip what is handed out again. */
  #goBack(reason: unknown): void {
    this.#setback = reason
    this.#moveTo(this.#topic.cursorOffset(this.name))
  }

  #moveTo(offset: number, committedOffset = offset): void {
    this.#setbackCount++
    this.#nextOffset = offset
    this.#committedOffset = committedOffset
    this.#ahead = []
    this.#aheadAt = 0
  }

  /** Commits what was handed out until now, one commit after the other. */
  #persist(): Promise<void> {
    this.#persisting ??= this.#persistNow().finally(() => (this.#persisting = undefined))
    return this.#persisting
  }

  async #persistNow(): Promise<void> {
    const offset = this.#nextOffset
    await this.#topic.commitCursor(this.name, () => offset)
    this.#committedOffset = offset
  }
}
