import {
  formatSegmentKey,
  topicNameFault,
  WalrusError,
  type BlockFileDirectory,
  type Checksum,
  type Clock,
  type LogStorage,
  type NewSegment,
  type SegmentKey,
} from '@walrus/core'
import { BlockStore, type FoundRun } from '../blocks/block-store.js'
import type { Run } from '../blocks/run.js'
import { BufferPool } from '../commit/buffer-pool.js'
import { Committer } from '../commit/committer.js'
import type { FsyncSchedule } from '../commit/fsync-schedule.js'
import { FRAME_BYTES } from '../format/frame.js'
import { hybridChecksum } from '../format/hybrid-checksum.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { recoverSegment, type UnvouchedTail } from './recover-segment.js'
import { StoredSegment, type SegmentContext, type SegmentStart } from './stored-segment.js'

/** What a log storage stands on. */
export interface LogStorageOptions {
  /** Owned from now on: closed with the storage, and when it cannot be opened. */
  readonly directory: BlockFileDirectory
  readonly clock: Clock
  readonly checksum: Checksum
  /** Default: each append resolves when durable. */
  readonly fsync?: FsyncSchedule
  /** Size of a new block file; default 256 MiB. */
  readonly fileBytes?: number
  /** Unit of allocation; default 64 KiB. A power of two from 4 KiB. */
  readonly blockBytes?: number
  /** Appends that arrive together are gathered into batches of up to this payload; default 256 KiB. */
  readonly batchBytesMax?: number
  /** Told of damage and of failed background syncs: whatever has no caller to reject. */
  readonly onProblem?: (error: Error) => void
}

const MEBIBYTE = 1024 * 1024
const DEFAULTS: Required<Omit<LogStorageOptions, 'directory' | 'clock' | 'checksum'>> = {
  fsync: { kind: 'each' },
  fileBytes: 256 * MEBIBYTE,
  blockBytes: 64 * 1024,
  batchBytesMax: 256 * 1024,
  onProblem: () => undefined,
}
const RUN_BYTES_MAX = 4 * MEBIBYTE
const POOL_BYTES_MAX = 32 * MEBIBYTE

/** The log storage, with what the embedded library needs beyond the port. */
export interface SegmentStore extends LogStorage {
  /** What was committed before this call is on stable storage when it resolves. */
  sync(): Promise<void>
  statistics(): StorageStatistics
}

/** How full a storage is. Bytes are of the disk. */
export interface StorageStatistics {
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
 * Opens the segments of a directory: recovers what was being written when it was last used, reads nothing that is sealed.
 * Rejects with `CORRUPT_DATA` when a file cannot be trusted at all; damage inside one segment is told to `onProblem`, and
 * met again by whoever reads or appends there.
 */
export async function openLogStorage(options: LogStorageOptions): Promise<SegmentStore> {
  const all = { ...DEFAULTS, ...options, checksum: hybridChecksum(options.checksum) }
  try {
    checkOptions(all)
    const { store, found } = await BlockStore.open(all)
    const storage = new BlockLogStorage(store, all)
    await storage.recover(found)
    return storage
  } catch (error) {
    await options.directory.close()
    throw error
  }
}

type Resolved = Required<LogStorageOptions>

class BlockLogStorage implements SegmentStore {
  readonly #options: Resolved
  readonly #store: BlockStore
  readonly #committer: Committer
  readonly #context: SegmentContext
  readonly #segments = new Map<string, StoredSegment>()
  readonly #removals = new Map<string, Promise<void>>()
  #closing: Promise<void> | undefined

  constructor(store: BlockStore, options: Resolved) {
    const { clock, checksum, blockBytes, batchBytesMax, fsync, onProblem } = options
    this.#options = options
    this.#store = store
    this.#committer = new Committer({ clock, schedule: fsync, onProblem })
    this.#context = {
      store,
      clock,
      checksum,
      batchBytesMax,
      pool: new BufferPool(POOL_BYTES_MAX),
      growth: { blockBytes, runBytesMax: RUN_BYTES_MAX },
      requestCommit: this.#committer.request,
      sync: () => this.#committer.sync(),
    }
  }

  segments(): Iterable<StoredSegment> {
    return this.#segments.values()
  }

  segment(key: SegmentKey): StoredSegment | undefined {
    return this.#segments.get(formatSegmentKey(key))
  }

  create(segment: NewSegment): StoredSegment {
    this.#checkOpen()
    const name = formatSegmentKey(segment)
    const fault = topicNameFault(segment.topic)
    if (fault !== undefined) throw new WalrusError('INVALID_TOPIC', `Cannot create segment "${name}": ${fault}`)
    if (this.#segments.has(name))
      throw new WalrusError('INVALID_ARGUMENT', `Cannot create segment "${name}": it exists`)
    const created = this.#add({
      ...segment,
      createdMs: this.#options.clock.wallMs(),
      runs: [],
      nextRunNumber: 0,
      entryCount: 0,
      sealed: false,
      topicState: new MutableTopicState(segment.topicState),
      damage: undefined,
    })
    for (const [cursor, offset] of segment.topicState.cursors) created.commitCursor(cursor, offset)
    return created
  }

  async remove(key: SegmentKey): Promise<void> {
    this.#checkOpen()
    const name = formatSegmentKey(key)
    const segment = this.#segments.get(name)
    if (!segment) return
    const removal = this.#removals.get(name) ?? this.#remove(name, segment).finally(() => this.#removals.delete(name))
    this.#removals.set(name, removal)
    await removal
  }

  sync(): Promise<void> {
    return this.#committer.sync()
  }

  statistics(): StorageStatistics {
    const { files } = this.#store
    return {
      segmentCount: this.#segments.size,
      fileCount: files.length,
      fileBytes: files.reduce((sum, { geometry }) => sum + geometry.fileBytes, 0),
      allocatedBytes: files.reduce((sum, file) => sum + file.allocatedBytes, 0),
      storedBytes: [...this.#segments.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async recover(found: readonly FoundRun[]): Promise<void> {
    const filesToSync = new Set<FoundRun['file']>(this.#store.filesWithFreedRuns)
    for (const segments of groupByTopic(found).values()) await this.#recoverTopic(segments, filesToSync)
    await Promise.all([...filesToSync].map((file) => file.sync()))
    for (const segment of this.#segments.values()) segment.recordClosedRuns()
  }

  /** From the newest segment back: the state of the topic is in the newest that holds anything, and each bounds the one before. */
  async #recoverTopic(segments: ReadonlyMap<number, FoundRun[]>, filesToSync: Set<FoundRun['file']>): Promise<void> {
    let newer: SegmentStart | undefined
    for (const [, runs] of [...segments].sort(([a], [b]) => b - a))
      newer = (await this.#recoverSegment(runs, newer, filesToSync)) ?? newer
  }

  async #recoverSegment(
    runs: readonly FoundRun[],
    newer: SegmentStart | undefined,
    filesToSync: Set<FoundRun['file']>,
  ): Promise<SegmentStart | undefined> {
    const { start, unusedRuns, scanned, unvouched, endingBeforeVoid } = await recoverSegment(runs, {
      checksum: this.#options.checksum,
      withTopicState: newer === undefined,
      slotsDamaged: this.#store.slotsDamaged,
      endIndex: endIndexBefore(newer, runs),
    })
    for (const { file, block, slot } of unusedRuns) {
      file.giveBack(block, slot)
      filesToSync.add(file)
    }
    for (const tail of unvouched) await writeAgain(tail)
    for (const run of endingBeforeVoid) await wipeBehind(run)
    if (!start) return undefined
    if (scanned) for (const run of start.runs) filesToSync.add(run.file)
    if (start.damage) this.#options.onProblem(start.damage.error)
    if (!newer) for (const file of renewSeal(runs)) filesToSync.add(file)
    this.#add(start)
    return start
  }

  #add(start: SegmentStart): StoredSegment {
    const segment = new StoredSegment(this.#context, start)
    this.#segments.set(formatSegmentKey(start), segment)
    return segment
  }

  async #remove(name: string, segment: StoredSegment): Promise<void> {
    await segment.retire(new WalrusError('SEGMENT_SEALED', `Cannot append to segment "${name}": it is being removed`))
    await this.#store.release(segment.giveUpRuns(), segment.filesOfBefore)
    this.#segments.delete(name)
  }

  async #close(): Promise<void> {
    const reason = new WalrusError('STORAGE_CLOSED', 'Cannot append: the storage is closed')
    try {
      await Promise.all([...this.#segments.values()].map((segment) => segment.retire(reason)))
      this.#committer.stop()
      await this.#committer.sync()
      for (const segment of this.#segments.values()) segment.recordEnd()
      await Promise.all(this.#store.files.filter((file) => file.writable).map((file) => file.flushSlots()))
    } finally {
      await this.#store.close()
      await this.#options.directory.close()
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new WalrusError('STORAGE_CLOSED', 'Cannot change segments: the storage is closed')
  }
}

function checkOptions({ batchBytesMax, fsync }: Resolved): void {
  const fault = batchBytesMax > 0 ? undefined : `gather batches of ${batchBytesMax} bytes: not a number above 0`
  const isSchedule = fsync.kind !== 'interval' || fsync.milliseconds >= 0
  const reason = fault ?? (isSchedule ? undefined : `sync every ${fsync.milliseconds} ms: not a number from 0`)
  if (reason !== undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot ${reason}`)
}

/** Topic → segment → the runs of it. */
function groupByTopic(found: readonly FoundRun[]): Map<string, Map<number, FoundRun[]>> {
  const topics = new Map<string, Map<number, FoundRun[]>>()
  for (const run of found) {
    const { topic, segment } = run.slot
    const segments = topics.get(topic) ?? new Map<number, FoundRun[]>()
    topics.set(topic, segments.set(segment, [...(segments.get(segment) ?? []), run]))
  }
  return topics
}

/** A segment is sealed, with all of it durable, before the next one is made. */
function endIndexBefore(newer: SegmentStart | undefined, [run]: readonly FoundRun[]): number | undefined {
  if (!newer || !run || newer.segment !== run.slot.segment + 1) return undefined
  return newer.baseOffset - run.slot.baseOffset
}

/** For the newest segment nothing but its mark says that it is sealed: as `writeAgain`. Returns the file to sync. */
function renewSeal(runs: readonly FoundRun[]): FoundRun['file'][] {
  const sealed = runs.filter(({ slot }) => slot.state === 'sealed')
  for (const { file, block, slot } of sealed) file.queueSlot(block, slot)
  return sealed.map(({ file }) => file)
}

/**
 * After a failed sync the system may show bytes that it will never write. Whoever died then left such bytes behind, and a
 * sync alone would not bring them to stable storage: only what is written again is.
 */
async function writeAgain({ found, run, fromBytes }: UnvouchedTail): Promise<void> {
  await run.file.writeAgain(run.startPosition + fromBytes, run.startPosition + run.committedBytes)
  run.file.queueSlot(found.block, found.slot)
}

/** Takes its frame from the batch that stands behind the end. */
async function wipeBehind(run: Run): Promise<void> {
  const position = run.startPosition + run.committedBytes
  await run.file.write([{ position, parts: [new Uint8Array(FRAME_BYTES)] }], false)
}
