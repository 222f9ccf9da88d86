import { WalrusError, type ReadLimits, type StoredEntry } from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import type { Topic } from './topic.js'

const READ_AHEAD: ReadLimits = { maxEntries: 4096, maxBytes: 256 * 1024 }
const DEFAULT_LIMITS: ReadLimits = { maxEntries: 2000, maxBytes: 1024 * 1024 }

/** When a cursor's progress reaches the log: as a read consistency says, or only when it is told to. */
export type CursorCommit = ReadConsistency | { readonly kind: 'manual' }

/** Where a cursor goes. */
export type SeekTarget = 'start' | 'end' | { readonly offset: number } | { readonly timeMs: number }

/** A named read position in a topic, shared by all who read through it: each entry goes to one of them. */
export class TopicCursor {
  readonly name: string
  readonly #topic: Topic
  readonly #commitWhen: CursorCommit
  readonly #onProblem: (error: Error) => void
  /** Offset of the next entry to deliver. Invariant: ≥ the committed position, unless a seek went back. */
  #nextOffset: number
  /** Entries read ahead; `#ahead[#aheadAt]` is the one at `#nextOffset`. */
  #ahead: readonly StoredEntry[] = []
  #aheadAt = 0
  #filling: Promise<void> | undefined
  #deliveredSinceCommit = 0

  constructor(topic: Topic, name: string, commitWhen: CursorCommit, onProblem: (error: Error) => void) {
    this.name = name
    this.#topic = topic
    this.#commitWhen = commitWhen
    this.#onProblem = onProblem
    this.#nextOffset = topic.cursorOffset(name)
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
  async next(checkpoint = true): Promise<StoredEntry | undefined> {
    const [entry] = await this.nextBatch({ maxEntries: 1, maxBytes: 1 }, checkpoint)
    return entry
  }

  /** At least one entry if there is one, then while the limits hold. */
  async nextBatch(limits: ReadLimits = DEFAULT_LIMITS, checkpoint = true): Promise<readonly StoredEntry[]> {
    while (this.#aheadAt >= this.#ahead.length) {
      if (this.unreadCount === 0) return []
      await this.#fill(limits)
    }
    const entries = this.#takeAhead(limits)
    if (!checkpoint) return entries
    this.#aheadAt += entries.length
    this.#nextOffset = (entries.at(-1)?.offset ?? this.#nextOffset - 1) + 1
    await this.#noteDelivery(entries.length)
    return entries
  }

  /** Records the position durably as the fsync schedule says: after a restart the cursor goes on from here. */
  commit(): Promise<void> {
    return this.#commit()
  }

  /** Moves the cursor, and records where it is unless it commits by hand. Beyond the ends of the log it stops at them. */
  async seek(target: SeekTarget): Promise<void> {
    const offset = await this.#resolve(target)
    this.#moveTo(Math.min(Math.max(offset, this.#topic.startOffset), this.#topic.endOffset))
    if (this.#commitWhen.kind !== 'manual') await this.#commit()
  }

  /** Records the position where it should have been and was not yet. */
  async flush(): Promise<void> {
    if (this.#deliveredSinceCommit > 0 && this.#commitWhen.kind !== 'manual') await this.#commit()
  }

  async #resolve(target: SeekTarget): Promise<number> {
    if (target === 'start') return 0
    if (target === 'end') return Infinity
    if ('timeMs' in target) return this.#topic.offsetAtTime(target.timeMs)
    if (Number.isSafeInteger(target.offset) && target.offset >= 0) return target.offset
    const what = `Cannot move cursor "${this.name}" of topic "${this.#topic.name}" to offset ${target.offset}`
    throw new WalrusError('INVALID_ARGUMENT', `${what}: not a whole number from 0`)
  }

  #fill(limits: ReadLimits): Promise<void> {
    this.#filling ??= this.#readAhead(limits).finally(() => (this.#filling = undefined))
    return this.#filling
  }

  async #readAhead(limits: ReadLimits): Promise<void> {
    const from = this.#nextOffset
    const entries = await this.#topic.read(from, {
      maxEntries: Math.max(limits.maxEntries, READ_AHEAD.maxEntries),
      maxBytes: Math.max(limits.maxBytes, READ_AHEAD.maxBytes),
    })
    if (from !== this.#nextOffset) return
    this.#ahead = entries
    this.#aheadAt = 0
    this.#nextOffset = entries[0]?.offset ?? from
  }

  #takeAhead(limits: ReadLimits): readonly StoredEntry[] {
    let end = this.#aheadAt
    let bytes = 0
    for (; end < this.#ahead.length && end - this.#aheadAt < limits.maxEntries; end++) {
      bytes += this.#ahead[end]?.data.length ?? 0
      if (bytes > limits.maxBytes && end > this.#aheadAt) break
    }
    return this.#ahead.slice(this.#aheadAt, end)
  }

  async #noteDelivery(count: number): Promise<void> {
    this.#deliveredSinceCommit += count
    if (this.#commitWhen.kind === 'manual') return
    if (this.#commitWhen.kind === 'StrictlyAtOnce') return this.#commit()
    if (this.#deliveredSinceCommit >= this.#commitWhen.persistEvery) this.#commit().catch(this.#onProblem)
  }

  /** If it fails, what was handed out since the last commit is handed out again: nothing is skipped. */
  async #commit(): Promise<void> {
    this.#deliveredSinceCommit = 0
    try {
      await this.#topic.commitCursor(this.name, this.#nextOffset)
    } catch (error) {
      this.#moveTo(this.#topic.cursorOffset(this.name))
      throw error
    }
  }

  #moveTo(offset: number): void {
    this.#nextOffset = offset
    this.#ahead = []
    this.#aheadAt = 0
  }
}
