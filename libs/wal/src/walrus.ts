import {
  SHARED_CURSOR,
  topicNameFault,
  WalrusError,
  type ReadLimits,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import { openLogStorage, type LogStorageOptions, type SegmentStore } from './log/segment-store.js'
import { TopicCursor } from './topic-cursor.js'
import { Topic, type AppendedBatch } from './topic.js'

/** How an instance behaves; what it stands on (directory, clock, checksum) comes from an adapter. */
export interface WalrusOptions extends LogStorageOptions {
  /** Default: StrictlyAtOnce. */
  readonly consistency?: ReadConsistency
  /** A segment of this size is sealed and the next one opened; default 64 MiB. */
  readonly segmentBytesMax?: number
}

/** Which entries a batch read returns: payload bytes, at least one entry, at most 2,000. */
export interface BatchReadOptions {
  /** Default 1 MiB. */
  readonly maxBytes?: number
  /** Default and most: 2,000. */
  readonly maxEntries?: number
}

/** Whether a read consumes. */
export interface CheckpointOptions {
  /** Default true; false looks without moving the cursor. */
  readonly checkpoint?: boolean
}

/** Most entries of one appended or read batch, as the original's. */
export const BATCH_ENTRIES_MAX = 2000

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
const READ_BYTES_MAX = 1024 * 1024

/**
 * The storage engine as a library: topics of durable, ordered entries in one directory, in this process.
 * Methods may be called at any time, concurrently; appends of a topic get their offsets in call order.
 */
export class Walrus {
  readonly #storage: SegmentStore
  readonly #consistency: ReadConsistency
  readonly #segmentBytesMax: number
  readonly #onProblem: (error: Error) => void
  readonly #topics = new Map<string, Topic>()
  readonly #cursors = new Map<string, TopicCursor>()
  #closing: Promise<void> | undefined

  private constructor(storage: SegmentStore, options: WalrusOptions) {
    this.#storage = storage
    this.#consistency = checkedConsistency(options.consistency ?? { kind: 'StrictlyAtOnce' })
    this.#segmentBytesMax = checkedSegmentBytes(options.segmentBytesMax ?? SEGMENT_BYTES_MAX)
    this.#onProblem = options.onProblem ?? (() => undefined)
    for (const [name, segments] of byTopic(storage.segments())) this.#add(name, segments)
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
  append(topic: string, entry: Uint8Array): Promise<number> {
    const known = this.#topics.get(topic)
    if (known && !this.#closing) return known.append(entry)
    try {
      return this.#topicToWrite(topic).append(entry)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Appends 1 to 2,000 entries, all or none. The entries must not change until it resolves. */
  async appendBatch(topic: string, entries: readonly Uint8Array[]): Promise<AppendedBatch> {
    if (entries.length === 0 || entries.length > BATCH_ENTRIES_MAX) {
      const reason = `a batch has 1 to ${BATCH_ENTRIES_MAX} entries`
      throw new WalrusError('BATCH_TOO_LARGE', `Cannot append ${entries.length} entries to topic "${topic}": ${reason}`)
    }
    return this.#topicToWrite(topic).appendBatch(entries)
  }

  /** The entry at the topic's shared cursor; undefined at the end, and for a topic that does not exist. */
  async readNext(topic: string, options: CheckpointOptions = {}): Promise<StoredEntry | undefined> {
    this.#checkOpen('read')
    return this.#cursor(topic)?.next(options.checkpoint ?? true)
  }

  /** Entries from the topic's shared cursor on; empty at the end. */
  async readBatch(topic: string, options: BatchReadOptions & CheckpointOptions = {}): Promise<readonly StoredEntry[]> {
    this.#checkOpen('read')
    return (await this.#cursor(topic)?.nextBatch(limitsOf(options), options.checkpoint ?? true)) ?? []
  }

  /** Entries from an offset on, whatever any cursor says; empty at the end. */
  async read(topic: string, offset: number, options: BatchReadOptions = {}): Promise<readonly StoredEntry[]> {
    this.#checkOpen('read')
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new WalrusError(
        'INVALID_ARGUMENT',
        `Cannot read offset ${offset} of topic "${topic}": not a whole number from 0`,
      )
    return (await this.#topics.get(topic)?.read(offset, limitsOf(options))) ?? []
  }

  /** Entries that the topic keeps; 0 for one that does not exist. */
  entryCount(topic: string): number {
    const known = this.#topics.get(topic)
    return known ? known.endOffset - known.startOffset : 0
  }

  /** Entries that the shared cursor has not passed. */
  unreadCount(topic: string): number {
    return this.#cursor(topic)?.unreadCount ?? 0
  }

  /** Topic → entries that it keeps. */
  entryCounts(): ReadonlyMap<string, number> {
    return new Map([...this.#topics.keys()].map((name) => [name, this.entryCount(name)]))
  }

  /** Names, ascending. */
  topics(): readonly string[] {
    return [...this.#topics.keys()].sort()
  }

  /** What was resolved before this call is on stable storage when it resolves. */
  async sync(): Promise<void> {
    this.#checkOpen('sync')
    await this.#storage.sync()
  }

  /**
   * Settles what is under way, records the cursors, syncs, and gives the directory back. Idempotent. Each call after it
   * rejects with `STORAGE_CLOSED`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#cursors.values()].map((cursor) => cursor.flush().catch(this.#onProblem)))
    await Promise.all([...this.#topics.values()].map((topic) => topic.drain()))
    await this.#storage.close()
  }

  #checkOpen(action: string): void {
    if (this.#closing) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action}: the storage is closed`)
  }

  #topicToWrite(name: string): Topic {
    this.#checkOpen('append')
    const known = this.#topics.get(name)
    if (known) return known
    const fault = topicNameFault(name)
    if (fault !== undefined) throw new WalrusError('INVALID_TOPIC', `Cannot create topic "${name}": ${fault}`)
    return this.#add(name, [])
  }

  #cursor(name: string): TopicCursor | undefined {
    const known = this.#cursors.get(name)
    if (known) return known
    const topic = this.#topics.get(name)
    if (!topic) return undefined
    const cursor = new TopicCursor(topic, SHARED_CURSOR, this.#consistency, this.#onProblem)
    this.#cursors.set(name, cursor)
    return cursor
  }

  #add(name: string, segments: readonly SegmentLog[]): Topic {
    const topic = new Topic(name, segments, { storage: this.#storage, segmentBytesMax: this.#segmentBytesMax })
    this.#topics.set(name, topic)
    return topic
  }
}

function byTopic(segments: Iterable<SegmentLog>): Map<string, SegmentLog[]> {
  const topics = new Map<string, SegmentLog[]>()
  for (const segment of segments) topics.set(segment.topic, [...(topics.get(segment.topic) ?? []), segment])
  return topics
}

function limitsOf({ maxEntries = BATCH_ENTRIES_MAX, maxBytes = READ_BYTES_MAX }: BatchReadOptions): ReadLimits {
  if (maxEntries >= 0 && maxBytes >= 0) return { maxEntries: Math.min(maxEntries, BATCH_ENTRIES_MAX), maxBytes }
  const what = `Cannot read ${maxEntries} entries and ${maxBytes} bytes at most`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: a limit is a number from 0`)
}

function checkedSegmentBytes(bytes: number): number {
  if (bytes > 0) return bytes
  throw new WalrusError('INVALID_ARGUMENT', `Cannot roll segments at ${bytes} bytes: not a number above 0`)
}

function checkedConsistency(consistency: ReadConsistency): ReadConsistency {
  if (consistency.kind === 'StrictlyAtOnce') return consistency
  const { persistEvery } = consistency
  if (!Number.isInteger(persistEvery) || persistEvery < 0)
    throw new WalrusError(
      'INVALID_ARGUMENT',
      `Cannot persist cursors every ${persistEvery} entries: not a whole number from 0`,
    )
  return { kind: 'AtLeastOnce', persistEvery: Math.max(1, persistEvery) }
}
