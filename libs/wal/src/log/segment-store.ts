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
import { BufferPool } from '../commit/buffer-pool.js'
import { Committer } from '../commit/committer.js'
import type { FsyncSchedule } from '../commit/fsync-schedule.js'
import type { BlockSlot } from '../format/block-slot.js'
import { hybridChecksum } from '../format/hybrid-checksum.js'
import { checkEpoch } from './append-checks.js'
import { missingError, missingSegments } from './missing-segments.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { ReadRemainders } from './read-remainders.js'
import type { RecoveredSegment } from './recover-segment.js'
import { groupByTopic, recoverTopic, type TopicRuns } from './recover-topic.js'
import { holdCut, stabilize } from './stabilize.js'
import type { SegmentStart } from './segment-start.js'
import type { SegmentContext } from './segment-context.js'
import { StoredSegment } from './stored-segment.js'

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
/** Without a sync to share, the next part is better filled while this one is written. */
const UNSYNCED_COMMIT_BYTES_MAX = MEBIBYTE
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
      commitBytesMax: fsync.kind === 'each' ? Infinity : UNSYNCED_COMMIT_BYTES_MAX,
      pool: new BufferPool(POOL_BYTES_MAX),
      growth: { blockBytes, runBytesMax: RUN_BYTES_MAX },
      remainders: new ReadRemainders(),
      requestCommit: this.#committer.request,
      sync: () => this.#committer.sync(),
      isDurable: (topic, segment) => this.segment({ topic, segment })?.isDurable ?? true,
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
    checkEpoch(segment, segment.epoch)
    if (this.#segments.has(name))
      throw new WalrusError('INVALID_ARGUMENT', `Cannot create segment "${name}": it exists`)
    const created = this.#add({
      ...segment,
      createdMs: this.#options.clock.wallMs(),
      runs: [],
      nextRunNumber: 0,
      entryCount: 0,
      position: 0,
      fencedEpoch: segment.epoch,
      sealed: false,
      topicState: new MutableTopicState(segment.topicState),
      knowsState: true,
      damage: undefined,
    })
    if (!created.topicState.isEmpty) created.commitState()
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

  async #recoverTopic(segments: TopicRuns, filesToSync: Set<FoundRun['file']>): Promise<void> {
    const { checksum, onProblem } = this.#options
    const { slotsDamaged } = this.#store
    const isBeginningFreed = (slot: BlockSlot): boolean => this.#store.isBeginningFreed(slot)
    const newestFirst = await recoverTopic(segments, { checksum, slotsDamaged, isBeginningFreed })
    let isNewest = true
    for (const recovered of newestFirst) {
      for (const one of recovered.used) await stabilize(one, isNewest, filesToSync)
      if (recovered.cut) await holdCut(recovered.cut)
      this.#adopt(recovered, filesToSync)
      isNewest &&= recovered.start === undefined
    }
    for (const missing of missingSegments([...newestFirst].reverse())) onProblem(missingError(missing))
  }

  #adopt({ start, unusedRuns, scanned }: RecoveredSegment, filesToSync: Set<FoundRun['file']>): void {
    for (const { file, block, slot } of unusedRuns) {
      file.giveBack(block, slot)
      filesToSync.add(file)
    }
    if (!start) return
    if (scanned) for (const run of start.runs) filesToSync.add(run.file)
    if (start.damage) this.#options.onProblem(start.damage.error)
    this.#add(start)
  }

  #add(start: SegmentStart): StoredSegment {
    const segment = new StoredSegment(this.#context, start)
    this.#segments.set(formatSegmentKey(start), segment)
    return segment
  }

  async #remove(name: string, segment: StoredSegment): Promise<void> {
    await segment.retire(new WalrusError('SEGMENT_SEALED', `Cannot append to segment "${name}": it is being removed`))
    await this.segment({ topic: segment.topic, segment: segment.segment + 1 })?.beginTopic()
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

function checkOptions({ batchBytesMax, fileBytes, fsync }: Resolved): void {
  const isSchedule = fsync.kind !== 'interval' || fsync.milliseconds >= 0
  const reason =
    (batchBytesMax > 0 ? undefined : `gather batches of ${batchBytesMax} bytes: not a number above 0`) ??
    (fileBytes > 0 ? undefined : `make files of ${fileBytes} bytes: not a number above 0`) ??
    (isSchedule ? undefined : `sync every ${fsync.milliseconds} ms: not a number from 0`)
  if (reason !== undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot ${reason}`)
}
