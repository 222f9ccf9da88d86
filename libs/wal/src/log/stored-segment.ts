import {
  assert,
  WalrusError,
  type Checksum,
  type Clock,
  type CommitTicket,
  type ReadLimits,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'
import { ENTRY_HEADER_BYTES } from '@walrus/protocol'
import type { BlockStore } from '../blocks/block-store.js'
import { nextRunBytes, type RunGrowth } from '../blocks/run-growth.js'
import { Run } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import { BATCH_OVERHEAD_BYTES } from '../commit/open-batch.js'
import { SegmentCommit } from '../commit/segment-commit.js'
import type { BlockSlot } from '../format/block-slot.js'
import { ChangeSignal } from './change-signal.js'
import { checkCursor, cursorRecords, encodeControlBatch, snapshotRecords } from './control-batch.js'
import type { MutableTopicState } from './mutable-topic-state.js'
import { PendingBatches, ticketsOf } from './pending-batches.js'
import type { ReadRemainders } from './read-remainders.js'
import { RunReader } from './run-reader.js'
import type { SegmentDamage, SegmentStart } from './segment-start.js'

/** Largest payload of one entry: one run of blocks must be able to hold it. */
export const ENTRY_BYTES_MAX = 1024 * 1024 * 1024 - BATCH_OVERHEAD_BYTES - ENTRY_HEADER_BYTES

/** What all segments of one storage share. */
export interface SegmentContext {
  readonly store: BlockStore
  readonly pool: BufferPool
  readonly clock: Clock
  readonly checksum: Checksum
  readonly growth: RunGrowth
  readonly remainders: ReadRemainders
  /** Appends are gathered into batches of at most this payload, unless one append is larger. */
  readonly batchBytesMax: number
  /** The segment has something to commit. */
  readonly requestCommit: (segment: StoredSegment) => void
  /** Makes durable whatever is committed. */
  readonly sync: () => Promise<void>
  /** True unless that segment is stored here and holds committed bytes that no sync has covered yet. */
  readonly isDurable: (topic: string, segment: number) => boolean
}

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
  #runs: readonly Run[]
  #entryCount: number
  #refusal: WalrusError | undefined
  #sealed: boolean
  #sizeBytes: number
  #nextRunNumber: number
  #commitUnderWay = false
  #readsUnderWay = 0
  readonly #filesOfBefore = new Set<StoreFile>()
  #runsGivenUp = false
  #beginsTopic = false
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
    this.#runs = start.runs
    this.#sizeBytes = start.runs.reduce((sum, run) => sum + run.committedBytes, 0)
    this.#nextRunNumber = start.nextRunNumber
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
    return this.#runs.findLast((run) => run.lastTimestampMs > 0)?.lastTimestampMs ?? this.createdMs
  }

  get topicState(): MutableTopicState {
    return this.#topicState
  }

  get runs(): readonly Run[] {
    return this.#runs
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
    return this.#reading(() => this.#reader.read(this.#runs, fromIndex, limits))
  }

  indexAtTime(timestampMs: number): Promise<number> {
    return this.#reading(async () => (await this.#reader.indexAtTime(this.#runs, timestampMs)) ?? this.#entryCount)
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

  /** True when a sync has covered all that is committed. */
  get isDurable(): boolean {
    return this.#runs.every(isDurable)
  }

  /**
   * The segment before is about to be removed: that it is missing must not be taken for a torn tail, nor what is still there of
   * it for damage. So it becomes durable first, if it can. Durable when it resolves.
   */
  async beginTopic(): Promise<void> {
    const [first] = this.#runs
    if (first && !first.followsDurable) await this.#context.sync().catch(() => undefined)
    this.#beginsTopic = true
    if (!first?.file.writable || this.#runsGivenUp) return
    this.#queueSlot(first)
    await first.file.flushSlots()
  }

  /** Refuses appends from now on, and resolves when nothing is under way, reads included. */
  async retire(reason: WalrusError): Promise<void> {
    this.#refusal = reason
    await this.#changes.until(() => !this.#busyWriting && this.#readsUnderWay === 0)
  }

  /** The runs with the slots that describe them now, for their removal: no slot of them is written from here any more. */
  giveUpRuns(): { readonly run: Run; readonly slot: BlockSlot }[] {
    this.#runsGivenUp = true
    return this.#runs.map((run) => ({ run, slot: this.#slotOf(run) }))
  }

  /** Files that had a run of this segment, which was given back. */
  get filesOfBefore(): ReadonlySet<StoreFile> {
    return this.#filesOfBefore
  }

  /**
   * For recovery: what it has found in runs that take no more is durable now, and their slots say so from the next write
   * on. A damaged segment stays as it is, or the damage would be forgotten.
   */
  recordClosedRuns(): void {
    if (this.#damage) return
    for (const run of this.#runs) this.#recordIfClosed(run)
  }

  /** Leaves the exact end of an open run on disk, so that it can go on there. Damage is left as it is, to be found again. */
  recordEnd(): void {
    const last = this.#runsGivenUp || this.#damage ? undefined : this.#runs.at(-1)
    if (last?.slotState !== 'open' || !last.file.writable || !isDurable(last)) return
    if (last.closed) return this.#recordClosed(last)
    last.clean = true
    this.#queueSlot(last)
  }

  /**
   * For the committer: takes what waits, and finds a place for it; at once where the open run has room for it. Never
   * rejects: a failure is in the commit.
   */
  planCommit(): SegmentCommit | Promise<SegmentCommit> {
    const commit = new SegmentCommit(this, this.#pending.take(), this.#context.checksum)
    this.#commitUnderWay = true
    const run = this.#runs.at(-1)
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
      await this.#soil()
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
    for (const run of commit.runsTouched) this.#recordIfClosed(run)
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
    for (const run of commit.runsTouched) this.#abandon(run, written)
    for (const batch of [...commit.taken.batches, ...since.batches]) batch.recycle()
    for (const ticket of [...ticketsOf(commit.taken), ...ticketsOf(since)]) ticket.fail(error)
    this.#changes.announce()
  }

  /** For the committer: the first `bytes` of the run are on stable storage. */
  noteDurable(run: Run, bytes: number): void {
    run.durableBytes = Math.max(run.durableBytes, bytes)
    this.#recordIfClosed(run)
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
    this.#closeLast()
  }

  /** Others will build on the end of the segment, so all of it is durable before anybody is told of it. */
  async #makeEndDurable(): Promise<void> {
    if (this.#endIsDurable) return
    await this.#takeMarkableRun()
    await this.#context.sync()
    const last = this.#closeLast()
    last?.file.checkWritable()
    assert(!last || last.slotState === 'sealed', 'all of a segment is durable before it is sealed')
    await last?.file.flushSlots()
    this.#endIsDurable = true
  }

  #closeLast(): Run | undefined {
    const last = this.#runs.at(-1)
    if (!last) return undefined
    last.closed = true
    this.#recordClosed(last)
    return last
  }

  /**
   * A file that failed takes no mark, and where each run was given up there is none to mark, though the disk may still
   * hold what was rejected: a run with the topic's state alone is then the last.
   */
  async #takeMarkableRun(): Promise<void> {
    const last = this.#runs.at(-1)
    if (last ? last.file.writable : this.#nextRunNumber === 0) return
    const ticket = this.#pending.commitState()
    if (!this.queued) this.#context.requestCommit(this)
    await ticket.done()
  }

  /** A crash may bring parts of a batch to the disk: they must not be taken for something else when the run goes on once more. */
  async #soil(): Promise<void> {
    const last = this.#runs.at(-1)
    if (!last?.mustSoil || !last.file.writable) return
    last.clean = false
    this.#queueSlot(last)
    await last.file.flushSlots()
    last.mustSoil = false
  }

  #openRun(bytes: number): Run | undefined {
    const last = this.#runs.at(-1)
    return last?.hasRoomFor(bytes) ? last : undefined
  }

  /** A run starts with the whole state of the topic, so that rebuilding it reads one run. */
  async #addRun(bytes: number, commit: SegmentCommit): Promise<Run> {
    const isFirst = this.#nextRunNumber === 0
    const needsState = !isFirst || !this.#topicState.isEmpty
    const state = needsState ? this.#controlBatch(snapshotRecords(this.#topicState), commit) : undefined
    const neededBytes = bytes + (state?.length ?? 0)
    const last = this.#runs.at(-1)
    const runBytes = nextRunBytes(this.#context.growth, {
      batchBytes: neededBytes,
      previousBytes: last?.capacityBytes ?? 0,
      segmentBytes: this.#sizeBytes,
      expectedBytes: this.#expectedBytes,
    })
    const place = this.#context.store.tryTake(runBytes) ?? (await this.#context.store.take(runBytes))
    if (last) {
      last.closed = true
      this.#recordIfClosed(last)
    }
    const run = new Run(place, this.#nextRunNumber++, commit.nextIndex)
    this.#runs = [...this.#runs, run]
    this.#queueSlot(run)
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

  #recordIfClosed(run: Run): void {
    if (run.closed && run.slotState === 'open') this.#recordClosed(run)
  }

  /** A slot may say "closed" only of bytes that are durable: else a crash would make damage of a torn tail. */
  #recordClosed(run: Run): void {
    if (this.#runsGivenUp || !run.file.writable) return
    if (run.durableBytes < run.committedBytes || run.plannedBytes > run.committedBytes) return
    run.slotState = this.#sealed && run === this.#runs.at(-1) ? 'sealed' : 'closed'
    this.#queueSlot(run)
  }

  #queueSlot(run: Run): void {
    const slot = this.#slotOf(run)
    run.followsDurable = slot.followsDurable
    run.file.queueSlot(run.firstBlock, slot)
  }

  /** Bytes of a failed commit may be on disk: such a run takes no more, so that nothing can stand behind them. */
  #abandon(run: Run, written: boolean): void {
    run.plannedBytes = run.committedBytes
    run.closed ||= written
    if (run.committedBytes > 0) return this.#recordIfClosed(run)
    this.#runs = this.#runs.filter((other) => other !== run)
    this.#filesOfBefore.add(run.file)
    run.file.giveBack(run.firstBlock, this.#slotOf(run))
  }

  #slotOf(run: Run): BlockSlot {
    const before = this.#runs.slice(0, this.#runs.indexOf(run))
    return {
      state: run.slotState,
      generation: run.generation,
      blockCount: run.blockCount,
      run: run.number,
      topic: this.topic,
      segment: this.segment,
      baseOffset: this.baseOffset,
      epoch: this.epoch,
      firstIndex: run.firstIndex,
      createdMs: this.createdMs,
      knownBytes: run.durableBytes,
      knownEndIndex: run.durableBytes === 0 ? run.firstIndex : run.endIndex,
      lastTimestampMs: run.lastTimestampMs,
      clean: run.clean,
      beginsSegment: before.length === 0,
      followsDurable: before.length === 0 ? this.#followsDurable : before.every(isDurable),
    }
  }

  get #followsDurable(): boolean {
    return this.#beginsTopic || this.#context.isDurable(this.topic, this.segment - 1)
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

function isDurable({ durableBytes, plannedBytes }: Run): boolean {
  return durableBytes === plannedBytes
}
