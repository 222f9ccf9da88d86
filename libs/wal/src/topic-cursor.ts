import type { ReadLimits, StoredEntry } from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import type { Topic } from './topic.js'

const READ_AHEAD: ReadLimits = { maxEntries: 4096, maxBytes: 256 * 1024 }

/** A named read position in a topic, shared by all who read through it: each entry goes to one of them. */
export class TopicCursor {
  readonly #topic: Topic
  readonly #name: string
  readonly #consistency: ReadConsistency
  readonly #onProblem: (error: Error) => void
  /** Offset of the next entry to deliver. Invariant: ≥ the committed position. */
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

  constructor(topic: Topic, name: string, consistency: ReadConsistency, onProblem: (error: Error) => void) {
    this.#topic = topic
    this.#name = name
    this.#consistency = consistency
    this.#onProblem = onProblem
    this.#nextOffset = topic.cursorOffset(name)
    this.#committedOffset = this.#nextOffset
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
    for (;;) {
      if (this.#aheadAt < this.#ahead.length) {
        const entries = this.#takeAhead(limits)
        if (!checkpoint || entries.length === 0) return entries
        if (this.#mayDeliver(entries.length)) return this.#deliver(entries)
        await this.#persist()
      } else {
        if (this.unreadCount === 0) return []
        await this.#fill(limits)
      }
    }
  }

  /** Records what was handed out and not recorded yet. */
  async flush(): Promise<void> {
    if (this.#consistency.kind === 'StrictlyAtOnce') return
    while (this.#uncommittedCount > 0) await this.#persist()
  }

  get #uncommittedCount(): number {
    return this.#nextOffset - this.#committedOffset
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

  /** More than `persistEvery` must never be uncommitted, except in one batch that is larger by itself. */
  #mayDeliver(count: number): boolean {
    if (this.#consistency.kind === 'StrictlyAtOnce' || this.#uncommittedCount === 0) return true
    return this.#uncommittedCount + count <= this.#consistency.persistEvery
  }

  /** Strictly: the position behind an entry is committed before the entry is handed out. Else only what was handed out is. */
  async #deliver(entries: readonly StoredEntry[]): Promise<readonly StoredEntry[]> {
    this.#aheadAt += entries.length
    this.#nextOffset += entries.length
    if (this.#consistency.kind === 'StrictlyAtOnce') await this.#commitStrictly(this.#nextOffset)
    else if (this.#uncommittedCount >= this.#consistency.persistEvery) this.#persist().catch(this.#onProblem)
    return entries
  }

  async #commitStrictly(offset: number): Promise<void> {
    const setbackCount = this.#setbackCount
    try {
      await this.#topic.commitCursor(this.#name, () => {
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
    this.#setbackCount++
    this.#nextOffset = this.#topic.cursorOffset(this.#name)
    this.#committedOffset = this.#nextOffset
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
    await this.#topic.commitCursor(this.#name, () => offset)
    this.#committedOffset = offset
  }
}
