import type { WalrusError } from '@walrus/core'
import {
  assert,
  type CommitTicket,
  type EncodedBatch,
  type Producer,
  type ReadLimits,
  type SealOptions,
  type SegmentLog,
  type StoredEntry,
  type TopicState,
} from '@walrus/core'
import { ENTRY_HEADER_BYTES } from '@walrus/protocol'
import type { Run } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import { SegmentCommit, type CommittingSegment, type PlacedBatch } from '../commit/segment-commit.js'
import {
  checkCopy,
  checkEntry,
  checkEpoch,
  checkProducer,
  cuttingError,
  noBatchAt,
  sealedError,
} from './append-checks.js'
import { BatchReader } from './batch-reader.js'
import { ChangeSignal } from './change-signal.js'
import { CommitPlanner } from './commit-planner.js'
import { checkCursor } from './control-batch.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { PendingBatches, ticketsOf } from './pending-batches.js'
import { RunReader } from './run-reader.js'
import type { SegmentContext } from './segment-context.js'
import { SegmentRuns, type DescribedRun } from './segment-runs.js'
import type { SegmentDamage, SegmentStart } from './segment-start.js'
import { findCut, type TailCut } from './tail-cut.js'

/** One segment in the block store: its runs, what waits to be committed, and what the committer tells it. */
export class StoredSegment implements SegmentLog, CommittingSegment {
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  readonly createdMs: number
  readonly #context: SegmentContext
  readonly #reader: RunReader
  readonly #batchReader: BatchReader
  readonly #planner: CommitPlanner
  readonly #pending: PendingBatches
  readonly #topicState: MutableTopicState
  readonly #knowsState: boolean
  readonly #damage: SegmentDamage | undefined
  /** How large the segment is expected to get; Infinity where anything may come. */
  readonly expectedBytes: number
  readonly #runs: SegmentRuns
  readonly #isBeforeDurable: () => boolean
  /** A sealed segment that was once durable, with all before it, stays so. */
  #allIsDurable = false
  #entryCount: number
  #position: number
  #fencedEpoch: number
  #refusal: WalrusError | undefined
  #sealed: boolean
  #sizeBytes: number
  #commitUnderWay = false
  #readsUnderWay = 0
  #ending: Promise<void> | undefined
  #lastChange: Promise<void> = Promise.resolve()
  /** Set from the beginning of a cut until it has succeeded: what a failed one has left on disk is not known. */
  #cutting: Cutting | undefined
  /** Runs that were cut off, and are not given back yet. */
  #dropped: DescribedRun[] = []
  /** Why the segment takes nothing more, not even a fence. */
  #retirement: WalrusError | undefined
  /** The slot that says "sealed" is on stable storage, and all that it seals. */
  #endIsDurable: boolean
  readonly #changes = new ChangeSignal()
  readonly #batchListeners = new Set<(batch: EncodedBatch) => void>()
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
    this.#position = start.position
    this.#fencedEpoch = start.fencedEpoch
    this.#sealed = start.sealed
    this.#endIsDurable = start.sealed
    this.#topicState = start.topicState
    this.#knowsState = start.knowsState
    this.#damage = start.damage
    this.expectedBytes = start.expectedBytes ?? Infinity
    if (start.sealed) this.#refusal = sealedError(this)
    this.#reader = new RunReader(this, context.checksum, context.remainders)
    this.#batchReader = new BatchReader(this, context.checksum)
    this.#planner = new CommitPlanner(context, this.#runs, this)
    this.#pending = new PendingBatches(context, { baseOffset: start.baseOffset, nextIndex: start.entryCount })
  }

  get sealed(): boolean {
    return this.#sealed
  }

  get damagedFrom(): number | undefined {
    return this.#damage?.fromIndex
  }

  get entryCount(): number {
    return this.#entryCount
  }

  get position(): number {
    return this.#position
  }

  get fencedEpoch(): number {
    return this.#fencedEpoch
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
    checkEntry(this, entry.length)
    return this.#requested(this.#pending.append(entry))
  }

  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket {
    this.#checkWritable()
    if (producer) checkProducer(this, producer, entries.length)
    if (entries.length === 0) return this.#pending.newestTicket
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
    checkEntry(this, bytes - ENTRY_HEADER_BYTES)
    return this.#requested(this.#pending.appendAll(entries, bytes, producer))
  }

  commitCursor(name: string, offset: number): CommitTicket {
    this.#checkWritable()
    checkCursor(name, offset)
    return this.#requested(this.#pending.commitCursor(name, offset))
  }

  appendEncoded(bytes: Uint8Array): CommitTicket {
    this.#checkWritable()
    const batch = checkCopy(this, bytes, this.appendedCount, this.#context.checksum)
    return this.#requested(this.#pending.appendCopy(bytes, batch))
  }

  onBatch(listener: (batch: EncodedBatch) => void): () => void {
    this.#batchListeners.add(listener)
    return () => void this.#batchListeners.delete(listener)
  }

  async readBatches(fromPosition: number, maxBytes: number): Promise<readonly EncodedBatch[]> {
    const end = this.#position
    if (fromPosition === end && !this.#damage) return []
    if (fromPosition >= end && this.#damage) throw this.#damage.error
    return this.#reading(() => this.#batchReader.read(this.#runs.all, { fromPosition, end, maxBytes }))
  }

  async stateAt(position: number): Promise<TopicState> {
    if (this.#knowsState && position === this.#position) return new MutableTopicState(this.#topicState)
    if (this.#damage) throw this.#damage.error
    return (await this.#cutAt(position)).topicState
  }

  /** The topic's state becomes durable with the next commit, also where nothing else does. */
  commitState(): CommitTicket {
    return this.#requested(this.#pending.commitState())
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

  async seal({ durable = true, atDamage }: SealOptions = {}): Promise<void> {
    if (this.#damage && atDamage) return this.#endAtDamage(this.#damage, atDamage.entryCountMin)
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

  async fence(epoch: number): Promise<void> {
    checkEpoch(this, epoch)
    await this.#inTurn(() => this.#fence(epoch))
  }

  async truncateTail(position: number): Promise<void> {
    await this.#inTurn(() => this.#truncateTail(position))
  }

  /** Refuses appends from now on, and resolves when nothing is under way, reads included. */
  async retire(reason: WalrusError): Promise<void> {
    this.#refusal = this.#retirement = reason
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

  planCommit(): SegmentCommit | Promise<SegmentCommit> {
    const commit = new SegmentCommit(this, this.#pending.take(this.#context.commitBytesMax), this.#context.checksum)
    this.#commitUnderWay = true
    if (this.#batchListeners.size === 0) return this.#planner.plan(commit)
    const planned = this.#planner.plan(commit)
    return planned instanceof Promise ? planned.then(this.#announceBatches) : this.#announceBatches(planned)
  }

  completeCommit(commit: SegmentCommit, durable: boolean): void {
    this.#commitUnderWay = false
    const { taken, next } = commit
    for (const placed of commit.placed) this.#completeBatch(placed, durable)
    if (taken.cut) this.#completeCut(taken.cut)
    for (const run of commit.runsTouched) this.#runs.recordIfClosed(run)
    for (const record of commit.stateRecords) this.#topicState.apply(record)
    for (const [name, offset] of taken.cursors) this.#topicState.cursors.set(name, offset)
    const grows = next.index > this.#entryCount
    this.#entryCount = next.index
    this.#position = next.position
    for (const batch of taken.batches) batch.recycle()
    commit.commitTickets()
    if (grows && this.#commitListeners.size > 0) for (const listener of [...this.#commitListeners]) listener()
    this.#changes.announce()
  }

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

  noteDurable(run: Run, bytes: number): void {
    run.durableBytes = Math.max(run.durableBytes, Math.min(bytes, run.committedBytes))
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

  readonly #announceBatches = (commit: SegmentCommit): SegmentCommit => {
    if (commit.failure) return commit
    try {
      for (const batch of commit.encodedBatches()) for (const listener of [...this.#batchListeners]) listener(batch)
    } catch (error) {
      commit.fail(error)
    }
    return commit
  }

  #completeBatch({ run, position, bytes, first, entryCount, recordCount, timestampMs }: PlacedBatch, durable: boolean) {
    run.committedBytes = position + bytes.length
    this.#sizeBytes += bytes.length
    if (durable) run.durableBytes = run.committedBytes
    run.lastTimestampMs = timestampMs
    run.index.add(first.index, first.position, position)
    run.endIndex = first.index + entryCount
    run.endPosition = first.position + recordCount
  }

  #completeCut(cut: TailCut): void {
    this.#topicState.become(cut.topicState)
    this.#dropped = [...this.#dropped, ...this.#runs.cutTail(cut)]
    this.#sizeBytes = this.#runs.all.reduce((sum, run) => sum + run.committedBytes, 0)
    this.#pending.nextIndex = cut.end.index
  }

  /** Fences and cuts follow one another: none takes back what another has said. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#lastChange = this.#lastChange.then(change, change)
    return this.#lastChange
  }

  async #fence(epoch: number): Promise<void> {
    if (this.#retirement) throw this.#retirement
    if (this.#damage) throw this.#damage.error
    if (epoch <= this.#fencedEpoch) return
    await this.#takeMarkableRun(true)
    await this.#context.sync()
    await this.#runs.fence(epoch)
    this.#fencedEpoch = epoch
  }

  async #truncateTail(position: number): Promise<void> {
    const isRetry = this.#cutting !== undefined
    if (this.#retirement) throw this.#retirement
    if (!isRetry) this.#checkWritable()
    this.#cutting ??= { refusal: cuttingError(this), limit: Infinity }
    this.#refusal ??= this.#cutting.refusal
    const cut = await this.#findCut(position, this.#cutting).catch((error: unknown) => {
      if (!isRetry) this.#endCutting()
      throw error
    })
    if (cut) await this.#giveUpTail(cut)
    this.#endCutting()
  }

  /** Undefined where there is nothing to give up. */
  async #findCut(position: number, { refusal, limit }: Cutting): Promise<TailCut | undefined> {
    await this.drain()
    if (position > limit) throw refusal
    if (position === this.#position) return undefined
    return this.#cutAt(position)
  }

  async #cutAt(position: number): Promise<TailCut> {
    if (!Number.isInteger(position) || position < 0 || position > this.#position) throw noBatchAt(this, position)
    const cut = await this.#reading(() => findCut(this.#runs.all, position, this.#context.checksum))
    if (!cut) throw noBatchAt(this, position)
    return cut
  }

  /** A failure leaves it open whether the tail is still there: then nothing is appended before it is given up for sure. */
  async #giveUpTail(cut: TailCut): Promise<void> {
    if (this.#cutting) this.#cutting = { ...this.#cutting, limit: cut.end.position }
    await this.#requested(this.#pending.commitCut(cut)).done()
    await this.#context.sync()
    await this.#runs.last?.file.flushSlots()
    await this.#changes.until(() => this.#readsUnderWay === 0)
    this.#runs.giveBackCut(this.#dropped.splice(0))
  }

  #endCutting(): void {
    if (this.#refusal === this.#cutting?.refusal) this.#refusal = undefined
    this.#cutting = undefined
  }

  async #end(): Promise<void> {
    if (this.#sealed) return
    if (this.#cutting) throw this.#cutting.refusal
    if (this.#damage) throw this.#damage.error
    this.#refusal ??= sealedError(this)
    await this.drain()
    await this.#takeMarkableRun()
    this.#sealed = true
    this.#runs.seal()
  }

  /** Nothing is written: on disk it stays as it is, to be found damaged again, and the next segment says where it ends. */
  #endAtDamage({ traceEndIndex }: SegmentDamage, entryCountMin: number): void {
    if (this.#sealed) return
    this.#refusal = sealedError(this)
    this.#entryCount = Math.max(this.#entryCount, traceEndIndex, entryCountMin)
    this.#pending.nextIndex = this.#entryCount
    this.#sealed = true
    this.#endIsDurable = true
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
  async #takeMarkableRun(evenIfUntouched = false): Promise<void> {
    const { last } = this.#runs
    if (last ? last.file.writable : this.#runs.isUntouched && !evenIfUntouched) return
    await this.commitState().done()
  }

  #requested(ticket: CommitTicket): CommitTicket {
    if (!this.queued) this.#context.requestCommit(this)
    return ticket
  }

  #checkWritable(): void {
    if (this.#refusal) throw this.#refusal
    if (this.#damage) throw this.#damage.error
  }
}

/** A tail that is being given up. */
interface Cutting {
  readonly refusal: WalrusError
  /** Where a cut that failed would have ended the log: no later one can end it behind that. */
  readonly limit: number
}
