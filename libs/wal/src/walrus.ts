import { SHARED_CURSOR, WalrusError, type Clock, type StoredEntry, type Timer } from '@walrus/core'
import { openLogStorage, type SegmentStore } from './log/segment-store.js'
import { checkCursorName } from './reserved-cursors.js'
import { SharedSync } from './shared-sync.js'
import { tailOf, type TailOptions } from './tail.js'
import { TopicCursor, type CursorCommit } from './topic-cursor.js'
import { TopicDirectory } from './topic-directory.js'
import type { AppendedBatch, GivenUp, Topic } from './topic.js'
import {
  BATCH_ENTRIES_MAX,
  checkedConsistency,
  limitsOf,
  resolveOptions,
  type AppendOptions,
  type BatchReadOptions,
  type CheckpointOptions,
  type ResolvedOptions,
  type WalrusOptions,
} from './walrus-options.js'

/** How full an instance is. Bytes are of the disk. */
export interface Statistics {
  readonly topicCount: number
  readonly segmentCount: number
  readonly fileCount: number
  /** Sizes of the block files, used or not. */
  readonly fileBytes: number
  /** Bytes of blocks that belong to a segment. */
  readonly allocatedBytes: number
  /** Bytes of batches, framing included. */
  readonly storedBytes: number
}

/**
 * The storage engine as a library: topics of durable, ordered entries in one directory, in this process.
 * Methods may be called at any time, concurrently; appends of a topic get their offsets in call order. After `close`
 * each rejects (or throws) `STORAGE_CLOSED`.
 */
export class Walrus {
  readonly #storage: SegmentStore
  readonly #clock: Clock
  readonly #options: ResolvedOptions
  readonly #topics: TopicDirectory
  /** By topic, then by name. */
  readonly #cursors = new Map<string, Map<string, TopicCursor>>()
  readonly #durableSync: SharedSync
  readonly #closed = new AbortController()
  #retentionTimer: Timer | undefined
  #closing: Promise<void> | undefined

  private constructor(storage: SegmentStore, options: WalrusOptions) {
    this.#options = resolveOptions(options)
    this.#storage = storage
    this.#clock = options.clock
    this.#durableSync = new SharedSync(() => storage.sync())
    this.#topics = new TopicDirectory(storage, options.clock, this.#options)
    if (this.#options.hasRetention) this.#armRetention()
  }

  /**
   * Recovers what the directory holds. Rejects with `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming the file, or with
   * `INVALID_ARGUMENT`; the directory is then closed.
   */
  static async open(options: WalrusOptions): Promise<Walrus> {
    const storage = await openLogStorage(options)
    try {
      return new Walrus(storage, options)
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  /** Resolves with the entry's offset when it is committed as the fsync schedule says. The entry is copied before the call returns. */
  append(topic: string, entry: Uint8Array, options?: AppendOptions): Promise<number> {
    const known = this.#closing ? undefined : this.#topics.get(topic)
    const appended = known ? known.append(entry) : this.#appendToNew(topic, entry)
    return options?.durable === true ? this.#durably(appended) : appended
  }

  /** Appends 1 to 2,000 entries, all or none. The entries must not change until it resolves. */
  async appendBatch(topic: string, entries: readonly Uint8Array[], options?: AppendOptions): Promise<AppendedBatch> {
    if (entries.length === 0 || entries.length > BATCH_ENTRIES_MAX) {
      const reason = `a batch has 1 to ${BATCH_ENTRIES_MAX} entries`
      throw new WalrusError('BATCH_TOO_LARGE', `Cannot append ${entries.length} entries to topic "${topic}": ${reason}`)
    }
    if (this.#topics.isDeleting(topic)) await this.#topics.whenDeleted(topic)
    const appended = this.#open('append').getOrCreate(topic).appendBatch(entries)
    return options?.durable === true ? this.#durably(appended) : appended
  }

  /** The entry at the topic's shared cursor; undefined at the end, and for a topic that does not exist. */
  readNext(topic: string, options: CheckpointOptions = {}): Promise<StoredEntry | undefined> {
    try {
      return this.#sharedCursor(topic)?.next(options.checkpoint ?? true) ?? Promise.resolve(undefined)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Entries from the topic's shared cursor on; empty at the end. */
  async readBatch(topic: string, options: BatchReadOptions & CheckpointOptions = {}): Promise<readonly StoredEntry[]> {
    return (await this.#sharedCursor(topic)?.nextBatch(limitsOf(options), options.checkpoint ?? true)) ?? []
  }

  /** Entries from an offset on, whatever any cursor says; empty at the end. */
  async read(topic: string, offset: number, options: BatchReadOptions = {}): Promise<readonly StoredEntry[]> {
    if (!Number.isSafeInteger(offset) || offset < 0) {
      const what = `Cannot read offset ${offset} of topic "${topic}"`
      throw new WalrusError('INVALID_ARGUMENT', `${what}: not a whole number from 0`)
    }
    return (await this.#open('read').get(topic)?.read(offset, limitsOf(options))) ?? []
  }

  /**
   * A read position of its own name; whoever asks for the same name shares it. It starts where it was last committed, or at
   * the oldest entry. `commit` says when its progress is recorded, of the first call for the name; default: as the instance.
   */
  cursor(topic: string, name: string, commit: CursorCommit = this.#options.consistency): TopicCursor {
    checkCursorName(name)
    const checked = commit.kind === 'Manual' ? commit : checkedConsistency(commit)
    return this.#cursorOf(this.#open('read').getOrCreate(topic), name, checked)
  }

  /** Entries from a position on, and then each as it is committed; ends when the instance is closed. */
  tail(topic: string, options: TailOptions = {}): AsyncGenerator<StoredEntry> {
    return tailOf(this.#open('read').getOrCreate(topic), options, this.#closed.signal)
  }

  /** Offset of the oldest entry that may be read; 0 for a topic that does not exist. */
  startOffset(topic: string): number {
    return this.#topics.get(topic)?.startOffset ?? 0
  }

  /** Offset after the last committed entry; 0 for a topic that does not exist. */
  endOffset(topic: string): number {
    return this.#topics.get(topic)?.endOffset ?? 0
  }

  /** Entries that the topic keeps; 0 for one that does not exist. */
  entryCount(topic: string): number {
    return this.endOffset(topic) - this.startOffset(topic)
  }

  /** Entries that a cursor has not passed; the shared one unless named. */
  unreadCount(topic: string, cursor: string = SHARED_CURSOR): number {
    const known = this.#topics.get(topic)
    if (!known) return 0
    const open = this.#cursors.get(topic)?.get(cursor)
    return open?.unreadCount ?? known.endOffset - known.cursorOffset(cursor)
  }

  /** Topic → entries that it keeps. */
  entryCounts(): ReadonlyMap<string, number> {
    return new Map(this.topics().map((name) => [name, this.entryCount(name)]))
  }

  /** Bytes of the topic's batches on disk, framing included; 0 for one that does not exist. */
  topicSizeBytes(topic: string): number {
    return this.#topics.get(topic)?.sizeBytes ?? 0
  }

  /** Names of the topics that hold, or held, an entry or a mark; ascending. */
  topics(): readonly string[] {
    return this.#topics.names()
  }

  statistics(): Statistics {
    return { topicCount: this.topics().length, ...this.#storage.statistics() }
  }

  /** A mark of the user's, kept across restarts: an append makes the topic dirty, this makes it clean. */
  async markClean(topic: string): Promise<void> {
    await this.#open('mark a topic').getOrCreate(topic).mark(true)
  }

  async markDirty(topic: string): Promise<void> {
    await this.#open('mark a topic').getOrCreate(topic).mark(false)
  }

  /** True for a topic that does not exist or has no entries, and while nothing was appended since it was marked clean. */
  isClean(topic: string): boolean {
    return this.#topics.get(topic)?.clean ?? true
  }

  /** Deletes the topic with its cursors; an unknown one is fine. Appends to the name wait, and begin at offset 0. */
  async deleteTopic(topic: string): Promise<void> {
    this.#cursors.delete(topic)
    await this.#open('delete a topic').delete(topic)
  }

  /** Gives up the entries before `offset`: no read returns them any more, and the space of whole segments comes back. */
  async truncateBefore(topic: string, offset: number): Promise<void> {
    await this.#open('truncate a topic').get(topic)?.truncateBefore(offset)
  }

  /**
   * Lets a topic go on whose end is damaged, so that it takes no entries. What is damaged is given up: its offsets stay
   * taken, reads of them go on to reject with `CORRUPT_DATA`, and cursors wait before them until they are moved. Entries are
   * appended from behind the last one of which a trace is left, or from `nextOffset` if that is greater: entries that left no
   * trace at all may have had offsets behind it. Cursors stand where the readable part of the log says. Durable when it
   * resolves; undefined, and nothing done, for a topic that takes entries.
   */
  async sealAtDamage(
    topic: string,
    { nextOffset = 0 }: { readonly nextOffset?: number } = {},
  ): Promise<GivenUp | undefined> {
    if (!Number.isSafeInteger(nextOffset) || nextOffset < 0) {
      const what = `Cannot go on at offset ${nextOffset} of topic "${topic}"`
      throw new WalrusError('INVALID_ARGUMENT', `${what}: not a whole number from 0`)
    }
    const givenUp = await this.#open('seal a topic').get(topic)?.sealAtDamage(nextOffset)
    if (givenUp) await this.#storage.sync()
    return givenUp
  }

  /** Drops what retention does not keep, now instead of at the next check. Resolves when the space is free. */
  async enforceRetention(): Promise<void> {
    await Promise.all([...this.#open('enforce retention').all()].map((topic) => topic.expire()))
  }

  /** What was resolved before this call is on stable storage when it resolves. */
  async sync(): Promise<void> {
    this.#open('sync')
    await this.#storage.sync()
  }

  /** Settles what is under way, records the cursors, syncs, and gives the directory back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed.abort()
    this.#retentionTimer?.cancel()
    const cursors = [...this.#cursors.values()].flatMap((byName) => [...byName.values()])
    await Promise.all(cursors.map((cursor) => cursor.flush().catch(this.#options.onProblem)))
    await this.#topics.drain()
    await this.#storage.close()
  }

  #open(action: string): TopicDirectory {
    if (this.#closing) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action}: the storage is closed`)
    return this.#topics
  }

  /** Waits for nothing unless it must: entries get their offsets in the order of the calls. */
  async #appendToNew(topic: string, entry: Uint8Array): Promise<number> {
    if (!this.#topics.isDeleting(topic)) return this.#open('append').getOrCreate(topic).append(entry)
    const copy = new Uint8Array(entry)
    await this.#topics.whenDeleted(topic)
    return this.#open('append').getOrCreate(topic).append(copy)
  }

  async #durably<T>(appended: Promise<T>): Promise<T> {
    const result = await appended
    await this.#durableSync.request()
    return result
  }

  #sharedCursor(topic: string): TopicCursor | undefined {
    const known = this.#open('read').get(topic)
    return known && this.#cursorOf(known, SHARED_CURSOR, this.#options.consistency)
  }

  #cursorOf(topic: Topic, name: string, commit: CursorCommit): TopicCursor {
    const ofTopic = this.#cursors.get(topic.name) ?? new Map<string, TopicCursor>()
    this.#cursors.set(topic.name, ofTopic)
    const cursor = ofTopic.get(name) ?? new TopicCursor(topic, name, commit, this.#options.onProblem)
    ofTopic.set(name, cursor)
    return cursor
  }

  #armRetention(): void {
    this.#retentionTimer = this.#clock.after(this.#options.retentionCheckMs, () => {
      if (this.#closing) return
      this.enforceRetention().catch(this.#options.onProblem)
      this.#armRetention()
    })
  }
}
