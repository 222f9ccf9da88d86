import type { ReadLimits, StoredEntry } from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import type { Topic } from './topic.js'

const READ_AHEAD: ReadLimits = { maxEntries: 4096, maxBytes: 256 * 1024 }

/** A named read position in a topic, shared by all who read through it: each entry goes to one of them. */
export class TopicCursor {
  readonly #topic: Topic
  readonly #name: string
  readonly #consistency: ReadConsistency
  /** Offset of the next entry to deliver. Invariant: ≥ the committed position. */
  #nextOffset: number
  /** Entries read ahead; `#ahead[#aheadAt]` is the one at `#nextOffset`. */
  #ahead: readonly StoredEntry[] = []
  #aheadAt = 0
  #filling: Promise<void> | undefined
  #deliveredSinceCommit = 0
  /** Why the cursor went back, the last time that it did. */
  #setback: unknown
  #setbackCount = 0

  constructor(topic: Topic, name: string, consistency: ReadConsistency) {
    this.#topic = topic
    this.#name = name
    this.#consistency = consistency
    this.#nextOffset = topic.cursorOffset(name)
  }

  /** Entries that were committed and not delivered. */
  get unreadCount(): number {
    return Math.max(0, this.#topic.endOffset - this.#nextOffset)
  }

  /** The next entry; undefined at the end. Without `checkpoint` the cursor stays where it is. */
  async next(checkpoint: boolean): Promise<StoredEntry | undefined> {
    const [entry] = await this.nextBatch({ maxEntries: 1, maxBytes: 1 }, checkpoint)
    return entry
  }

  /** At least one entry if there is one, then while the limits hold. */
  async nextBatch(limits: ReadLimits, checkpoint: boolean): Promise<readonly StoredEntry[]> {
    while (this.#aheadAt >= this.#ahead.length) {
      if (this.unreadCount === 0) return []
      await this.#fill(limits)
    }
    const entries = this.#takeAhead(limits)
    if (!checkpoint || entries.length === 0) return entries
    this.#aheadAt += entries.length
    this.#nextOffset = (entries.at(-1)?.offset ?? this.#nextOffset - 1) + 1
    await this.#noteDelivery(entries.length)
    return entries
  }

  /** Records the position where it was not yet. */
  async flush(): Promise<void> {
    if (this.#deliveredSinceCommit > 0) await this.#commit()
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
    const deliveredMax = this.#consistency.kind === 'StrictlyAtOnce' ? 0 : this.#consistency.persistEvery - 1
    if (this.#deliveredSinceCommit > deliveredMax) await this.#commit()
  }

  /** If it fails, what was handed out since the last commit is handed out again: nothing is skipped. */
  async #commit(): Promise<void> {
    const setbackCount = this.#setbackCount
    const offset = this.#nextOffset
    this.#deliveredSinceCommit = 0
    try {
      await this.#topic.commitCursor(this.#name, () => {
        if (setbackCount !== this.#setbackCount) throw this.#setback
        return offset
      })
    } catch (error) {
      if (setbackCount === this.#setbackCount) this.#goBack(error)
      throw error
    }
  }

  /** Later positions that wait for their commit fail with this one: else they would skip what is handed out again. */
  #goBack(reason: unknown): void {
    this.#setback = reason
    this.#setbackCount++
    this.#deliveredSinceCommit = 0
    this.#nextOffset = this.#topic.cursorOffset(this.#name)
    this.#ahead = []
    this.#aheadAt = 0
  }
}
