import {
  assert,
  WalrusError,
  type CommitTicket,
  type ReadLimits,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'
import { ENTRY_HEADER_BYTES } from '@walrus/protocol'
import { nextRunBytes } from '../blocks/run-growth.js'
import type { Run } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import { BATCH_OVERHEAD_BYTES } from '../commit/open-batch.js'
import { SegmentCommit } from '../commit/segment-commit.js'
import { ChangeSignal } from './change-signal.js'
import { checkCursor, cursorRecords, encodeControlBatch, snapshotRecords } from './control-batch.js'
import type { MutableTopicState } from './mutable-topic-state.js'
import { PendingBatches, ticketsOf } from './pending-batches.js'
import { RunReader } from './run-reader.js'
import type { SegmentContext } from './segment-context.js'
import { SegmentRuns, type DescribedRun } from './segment-runs.js'
import type { SegmentDamage, SegmentStart } from './segment-start.js'

/** Largest payload of one entry: one run of blocks must be able to hold it. */
export const ENTRY_BYTES_MAX = 1024 * 1024 * 1024 - BATCH_OVERHEAD_BYTES - ENTRY_HEADER_BYTES

/** One segment in the block store: its runs, what waits to be committed, and what the committer tells it. */
export class StoredSegment implements SegmentLog {
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  readonly createdMs: number
  readonly #context: SegmentContext
  readonly #reader: RunReader
  readonly #pending: PendingBatches
  readonly #topicState: MutableTopicState
  readonly #damage: SegmentDamage | undefined
  readonly #expectedBytes: number
  readonly #runs: SegmentRuns
  readonly #isBeforeDurable: () => boolean
  /** A sealed segment that was once durable, with all before it, stays so. */
  #allIsDurable = false
  #entryCount: number
  #refusal: WalrusError | undefined
  #sealed: boolean
  #sizeBytes: number
  #commitUnderWay = false
  #readsUnderWay = 0
  #ending: Promise<void> | undefined
  /** The slot that says "sealed" is on stable storage, and all that it seals. */
  #endIsDurable: boolean
  readonly #changes = new ChangeSignal()
  readonly #commitListeners = new Set<() => void>()
  /** Owned by the committer: true while the segment stands in its queue. */
  queued = false

  constructor(context: SegmentContext, start: SegmentStart) {
    this.#context = context
    this.topic = start.topic
    this.segment = start.segment
    this.baseOffset = start.baseOffset
    this.epoch = start.epoch
    this.createdMs = start.createdMs
    this.#isBeforeDurable = () => context.isDurable(start.topic, start.segment - 1)
    this.#runs = new SegmentRuns(start, this.#isBeforeDurable)
    this.#sizeBytes = start.runs.reduce((sum, run) => sum + run.committedBytes, 0)
    this.#entryCount = start.entryCount
    this.#sealed = start.sealed
    this.#endIsDurable = start.sealed
    this.#topicState = start.topicState
    this.#damage = start.damage
    this.#expectedBytes = start.expectedBytes ?? Infinity
    if (start.sealed) this.#refusal = this.#sealedError()
    this.#reader = new RunReader(this, context.checksum, context.remainders)
    this.#pending = new PendingBatches(context.pool, context.clock, {
      baseOffset: start.baseOffset,
      nextIndex: start.entryCount,
      batchBytesMax: context.batchBytesMax,
    })
  }

  get sealed(): boolean {
    return this.#sealed
  }

  get entryCount(): number {
    return this.#entryCount
  }

  get appendedCount(): number {
    return this.#pending.nextIndex
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get lastAppendMs(): number {
    return this.#runs.all.findLast((run) => run.lastTimestampMs > 0)?.lastTimestampMs ?? this.createdMs
  }

  get topicState(): MutableTopicState {
    return this.#topicState
  }

  get runs(): readonly Run[] {
    return this.#runs.all
  }

  append(entry: Uint8Array): CommitTicket {
    this.#checkWritable()
    this.#checkEntry(entry.length)
    const ticket = this.#pending.append(entry)
    if (!this.queued) this.#context.requestCommit(this)
    return ticket
  }

  appendBatch(entries: readonly Uint8Array[]): CommitTicket {
    this.#checkWritable()
    if (entries.length === 0) return this.#pending.openTicket
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
    this.#checkEntry(bytes - ENTRY_HEADER_BYTES)
    const ticket = this.#pending.appendAll(entries)
    if (!this.queued) this.#context.requestCommit(this)
    return ticket
  }

  commitCursor(name: string, offset: number): CommitTicket {
    this.#checkWritable()
    checkCursor(name, offset)
    const ticket = this.#pending.commitCursor(name, offset)
    if (!this.queued) this.#context.requestCommit(this)
    return ticket
  }

  async read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    if (this.#damage && fromIndex >= this.#damage.fromIndex) throw this.#damage.error
    if (fromIndex >= this.#entryCount || limits.maxEntries < 1) return []
    return this.#reading(() => this.#reader.read(this.#runs.all, fromIndex, limits))
  }

  indexAtTime(timestampMs: number): Promise<number> {
    return this.#reading(async () => (await this.#reader.indexAtTime(this.#runs.all, timestampMs)) ?? this.#entryCount)
  }

  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener)
    return () => void this.#commitListeners.delete(listener)
  }

  async drain(): Promise<void> {
    await this.#changes.until(() => !this.#busyWriting)
  }

  async seal({ durable = true }: { readonly durable?: boolean } = {}): Promise<void> {
    this.#ending ??= this.#end().finally(() => (this.#ending = undefined))
    await this.#ending
    if (durable) await this.#makeEndDurable()
  }

  /** True when syncs have covered all that is committed, and all that is stored here of the topic before. */
  get isDurable(): boolean {
    if (this.#allIsDurable) return true
    const isDurable = this.#runs.areDurable && this.#isBeforeDurable()
    this.#allIsDurable = isDurable && this.#sealed
    return isDurable
  }

  /**
   * The segment before is about to be removed: that it is missing must not be taken for a torn tail, nor what is still there of
   * it for damage; and where the offsets of the topic go on is then said by this segment alone. So both become durable first,
   * if they can. Durable when it resolves; rejects when nothing of this segment is on stable storage.
   */
  async beginTopic(): Promise<void> {
    const [first] = this.#runs.all
    const holdsPlace = first !== undefined && first.committedBytes > 0
    const failure = this.isDurable ? undefined : await this.#context.sync().catch((error: unknown) => error)
    if (holdsPlace && first.durableBytes === 0) throw failure
    await this.#runs.beginTopic()
  }

  /** Refuses appends from now on, and resolves when nothing is under way, reads included. */
  async retire(reason: WalrusError): Promise<void> {
    this.#refusal = reason
    await this.#changes.until(() => !this.#busyWriting && this.#readsUnderWay === 0)
  }

  /** The runs with the slots that describe them now, for their removal: no slot of them is written from here any more. */
  giveUpRuns(): readonly DescribedRun[] {
    return this.#runs.giveUp()
  }

  /** Files that had a run of this segment, which was given back. */
  get filesOfBefore(): ReadonlySet<StoreFile> {
    return this.#runs.filesOfBefore
  }

  /**
   * For recovery: what it has found in runs that take no more is durable now, and their slots say so from the next write
   * on. A damaged segment stays as it is, or the damage would be forgotten.
   */
  recordClosedRuns(): void {
    if (this.#damage) return
    for (const run of this.#runs.all) this.#runs.recordIfClosed(run)
  }

  /** Leaves the exact end of an open run on disk, so that it can go on there. Damage is left as it is, to be found again. */
  recordEnd(): void {
    if (!this.#damage) this.#runs.recordEnd()
  }

  /**
   * For the committer: takes what waits, and finds a place for it; at once where the open run has room for it. Never
   * rejects: a failure is in the commit.
   */
  planCommit(): SegmentCommit | Promise<SegmentCommit> {
    const commit = new SegmentCommit(this, this.#pending.take(), this.#context.checksum)
    this.#commitUnderWay = true
    const run = this.#runs.last
    const fits =
      run && !run.mustSoil && commit.taken.cursorTicket === undefined && run.hasRoomFor(commit.taken.totalBytes)
    return fits ? this.#planIn(run, commit) : this.#planWithNewRuns(commit)
  }

  #planIn(run: Run, commit: SegmentCommit): SegmentCommit {
    try {
      for (const batch of commit.taken.batches) commit.placeBatch(run, batch)
    } catch (error) {
      commit.fail(error)
    }
    return commit
  }

  async #planWithNewRuns(commit: SegmentCommit): Promise<SegmentCommit> {
    try {
      await this.#runs.soilLast()
      for (const batch of commit.taken.batches) {
        const run = this.#openRun(batch.totalBytes) ?? (await this.#addRun(batch.totalBytes, commit))
        commit.placeBatch(run, batch)
      }
      await this.#planCursors(commit)
    } catch (error) {
      commit.fail(error)
    }
    return commit
  }

  /** For the committer: the commit's bytes are written, and durable if it says so. */
  completeCommit(commit: SegmentCommit, durable: boolean): void {
    this.#commitUnderWay = false
    for (const placed of commit.placed) {
      const { run } = placed
      run.committedBytes = placed.position + placed.bytes.length
      this.#sizeBytes += placed.bytes.length
      if (durable) run.durableBytes = run.committedBytes
      run.lastTimestampMs = placed.timestampMs
      if (placed.entryCount === 0) continue
      run.index.add(placed.firstIndex, placed.position)
      run.endIndex = placed.firstIndex + placed.entryCount
      this.#entryCount = run.endIndex
    }
    for (const run of commit.runsTouched) this.#runs.recordIfClosed(run)
    for (const [name, offset] of commit.taken.cursors) this.#topicState.cursors.set(name, offset)
    for (const batch of commit.taken.batches) batch.recycle()
    for (const batch of commit.taken.batches) batch.ticket.commit()
    commit.taken.cursorTicket?.commit()
    if (commit.taken.batches.length > 0) this.#tellOfEntries()
    this.#changes.announce()
  }

  /** For the committer: nothing of the commit counts, nor what was appended since: the next append starts at the committed end. */
  abortCommit(commit: SegmentCommit, error: Error): void {
    this.#commitUnderWay = false
    const since = this.#pending.take()
    this.#pending.nextIndex = this.#entryCount
    const written = commit.failure === undefined
    for (const run of commit.runsTouched) this.#runs.abandon(run, written)
    for (const batch of [...commit.taken.batches, ...since.batches]) batch.recycle()
    for (const ticket of [...ticketsOf(commit.taken), ...ticketsOf(since)]) ticket.fail(error)
    this.#changes.announce()
  }

  /** For the committer: the first `bytes` of the run are on stable storage. */
  noteDurable(run: Run, bytes: number): void {
    run.durableBytes = Math.max(run.durableBytes, bytes)
    this.#runs.recordIfClosed(run)
  }

  get hasPending(): boolean {
    return !this.#pending.isEmpty
  }

  get #busyWriting(): boolean {
    return this.#commitUnderWay || !this.#pending.isEmpty
  }

  /** Blocks are not given back while they are read. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#readsUnderWay++
    try {
      return await read()
    } finally {
      this.#readsUnderWay--
      this.#changes.announce()
    }
  }

  async #end(): Promise<void> {
    if (this.#sealed) return
    if (this.#damage) throw this.#damage.error
    this.#refusal ??= this.#sealedError()
    await this.drain()
    await this.#takeMarkableRun()
    this.#sealed = true
    this.#runs.seal()
  }

  /** Others will build on the end of the segment, so all of it is durable before anybody is told of it. */
  async #makeEndDurable(): Promise<void> {
    if (this.#endIsDurable) return
    await this.#takeMarkableRun()
    await this.#context.sync()
    const last = this.#runs.seal()
    last?.file.checkWritable()
    assert(!last || last.slotState === 'sealed', 'all of a segment is durable before it is sealed')
    await last?.file.flushSlots()
    this.#endIsDurable = true
  }

  /**
   * A file that failed takes no mark, and where each run was given up there is none to mark, though the disk may still
   * hold what was rejected: a run with the topic's state alone is then the last.
   */
  async #takeMarkableRun(): Promise<void> {
    const { last } = this.#runs
    if (last ? last.file.writable : this.#runs.isUntouched) return
    const ticket = this.#pending.commitState()
    if (!this.queued) this.#context.requestCommit(this)
    await ticket.done()
  }

  #openRun(bytes: number): Run | undefined {
    const { last } = this.#runs
    return last?.hasRoomFor(bytes) ? last : undefined
  }

  /** A run starts with the whole state of the topic, so that rebuilding it reads one run. */
  async #addRun(bytes: number, commit: SegmentCommit): Promise<Run> {
    const needsState = !this.#runs.isUntouched || !this.#topicState.isEmpty
    const state = needsState ? this.#controlBatch(snapshotRecords(this.#topicState), commit) : undefined
    const neededBytes = bytes + (state?.length ?? 0)
    const runBytes = nextRunBytes(this.#context.growth, {
      batchBytes: neededBytes,
      previousBytes: this.#runs.last?.capacityBytes ?? 0,
      segmentBytes: this.#sizeBytes,
      expectedBytes: this.#expectedBytes,
    })
    const place = this.#context.store.tryTake(runBytes) ?? (await this.#context.store.take(runBytes))
    const run = this.#runs.add(place, commit.nextIndex)
    commit.touch(run)
    if (state) commit.placeControl(run, state)
    return run
  }

  async #planCursors(commit: SegmentCommit): Promise<void> {
    const { cursors, cursorTicket } = commit.taken
    if (cursorTicket && cursors.size === 0 && !this.#openRun(0)) await this.#addRun(0, commit)
    if (cursors.size === 0) return
    const bytes = this.#controlBatch(cursorRecords(cursors), commit)
    commit.placeControl(this.#openRun(bytes.length) ?? (await this.#addRun(bytes.length, commit)), bytes)
  }

  #controlBatch(records: Parameters<typeof encodeControlBatch>[0], commit: SegmentCommit): Uint8Array {
    const context = { nextIndex: commit.nextIndex, timestampMs: this.#context.clock.wallMs(), epoch: this.epoch }
    return encodeControlBatch(records, context, this.#context.checksum)
  }

  #tellOfEntries(): void {
    if (this.#commitListeners.size > 0) for (const listener of [...this.#commitListeners]) listener()
  }

  #checkWritable(): void {
    if (this.#refusal) throw this.#refusal
    if (this.#damage) throw this.#damage.error
  }

  #checkEntry(bytes: number): void {
    if (bytes <= ENTRY_BYTES_MAX) return
    const what = `Cannot append ${bytes} bytes to topic "${this.topic}"`
    throw new WalrusError('ENTRY_TOO_LARGE', `${what}: an entry or batch has at most ${ENTRY_BYTES_MAX} bytes`)
  }

  #sealedError(): WalrusError {
    return new WalrusError(
      'SEGMENT_SEALED',
      `Cannot append to topic "${this.topic}": segment ${this.segment} is sealed`,
    )
  }
}
