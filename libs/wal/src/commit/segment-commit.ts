import type { Checksum, EncodedBatch } from '@walrus/core'
import type { ControlRecord } from '@walrus/protocol'
import type { LogPoint } from '../blocks/log-point.js'
import type { Run } from '../blocks/run.js'
import type { PlannedWrite, StoreFile } from '../blocks/store-file.js'
import { FRAME_BYTES, writeFrame } from '../format/frame.js'
import type { TakenBatches } from '../log/pending-batches.js'
import { zerosBehind } from './fill-ahead.js'
import type { WaitingBatch } from './waiting-batch.js'

/** A batch with its place. */
export interface PlacedBatch {
  readonly run: Run
  /** Where in the run it stands. */
  readonly position: number
  readonly bytes: Uint8Array
  readonly first: LogPoint
  readonly entryCount: number
  /** 0 for the state with which a run starts. */
  readonly recordCount: number
  readonly timestampMs: number
}

/** What the committer needs of a segment. */
export interface CommittingSegment {
  readonly epoch: number
  readonly entryCount: number
  readonly position: number
  readonly hasPending: boolean
  /** Kept by the committer: it will come to this segment by itself. */
  queued: boolean
  /** Takes what waits, and finds a place for it; at once where it can. Never rejects: a failure is in the commit. */
  planCommit(): SegmentCommit | Promise<SegmentCommit>
  /** The commit's bytes are written, and durable if it says so. */
  completeCommit(commit: SegmentCommit, durable: boolean): void
  /** Nothing of the commit counts, nor what was appended since: the next append starts at the committed end. */
  abortCommit(commit: SegmentCommit, error: Error): void
  /** The first `bytes` of the run are on stable storage. */
  noteDurable(run: Run, bytes: number): void
}

/** What one segment contributes to a commit, and where it goes. */
export class SegmentCommit {
  #placed: PlacedBatch[] | undefined
  #runsTouched: Run[] | undefined
  /** Set when no place was found: nothing of the commit is written. */
  failure: Error | undefined
  /** Where the next record is placed. */
  next: LogPoint
  #stateRecords: ControlRecord[] | undefined
  readonly #start: LogPoint
  readonly #checksum: Checksum

  constructor(
    readonly segment: CommittingSegment,
    readonly taken: TakenBatches,
    checksum: Checksum,
  ) {
    this.#checksum = checksum
    this.#start = this.next = taken.cut?.end ?? { index: segment.entryCount, position: segment.position }
  }

  get placed(): readonly PlacedBatch[] {
    return this.#placed ?? NONE
  }

  /** Runs that hold bytes of this commit, or were made for it; in their order. */
  get runsTouched(): readonly Run[] {
    return this.#runsTouched ?? NONE
  }

  /** What the batches that have a place say of the topic's state. */
  get stateRecords(): readonly ControlRecord[] {
    return this.#stateRecords ?? NONE
  }

  fail(reason: unknown): void {
    this.failure = reason instanceof Error ? reason : new Error(String(reason))
  }

  /** A run that is new, or is about to get a batch. */
  touch(run: Run): void {
    if (this.runsTouched.at(-1) !== run) this.#runsTouched = added(this.#runsTouched, run)
  }

  placeBatch(run: Run, batch: WaitingBatch): void {
    const bytes = batch.encode(this.segment.epoch, this.#checksum)
    const { entryCount, recordCount } = batch
    const timestampMs = entryCount > 0 ? batch.timestampMs : run.lastTimestampMs
    this.#place(run, bytes, entryCount, recordCount, timestampMs)
    for (const record of batch.stateRecords) this.#stateRecords = added(this.#stateRecords, record)
  }

  placeCursors(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, 0, 1, run.lastTimestampMs)
  }

  /** What a run starts with is no record of the log. */
  placeState(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, 0, 0, run.lastTimestampMs)
  }

  /** What was taken is committed, in its order. */
  commitTickets(): void {
    let { position } = this.#start
    for (const { ticket, recordCount } of this.taken.batches) {
      position += recordCount
      ticket.commit(position)
    }
    this.taken.cursorTicket?.commit(this.next.position)
  }

  /** The records of the commit, for other copies of the log. */
  *encodedBatches(): Generator<EncodedBatch> {
    for (const { first, entryCount, recordCount, bytes } of this.placed) {
      if (recordCount === 0) continue
      yield { position: first.position, firstIndex: first.index, entryCount, bytes: bytes.subarray(FRAME_BYTES) }
    }
  }

  /** Adds the writes, one a run: batches of a run stand one behind the other. */
  addWrites(byFile: Map<StoreFile, PlannedWrite[]>, durable: boolean): void {
    let parts: Uint8Array[] = []
    for (const [at, { run, position, bytes }] of this.placed.entries()) {
      const isFirst = this.placed[at - 1]?.run !== run
      if (isFirst) addWrite(byFile, run, position, (parts = [bytes]))
      else parts.push(bytes)
      if (durable && this.placed[at + 1]?.run !== run) fillAhead(parts, run)
    }
  }

  #place(run: Run, bytes: Uint8Array, entryCount: number, recordCount: number, timestampMs: number): void {
    const first = this.next
    const position = run.plannedBytes
    const batchBytes = bytes.length - FRAME_BYTES
    const frame = { generation: run.generation, durableBytes: run.durableBytes, batchBytes, position }
    writeFrame(bytes, 0, frame, run.file.fileId, this.#checksum)
    run.plannedBytes += bytes.length
    this.touch(run)
    this.#placed = added(this.#placed, { run, position, bytes, first, entryCount, recordCount, timestampMs })
    this.next = { index: first.index + entryCount, position: first.position + recordCount }
  }
}

function addWrite(byFile: Map<StoreFile, PlannedWrite[]>, run: Run, position: number, parts: Uint8Array[]): void {
  const write = { position: run.startPosition + position, parts }
  const writes = byFile.get(run.file)
  if (writes) writes.push(write)
  else byFile.set(run.file, [write])
}

function fillAhead(parts: Uint8Array[], run: Run): void {
  const writeBytes = parts.reduce((sum, part) => sum + part.length, 0)
  const zeros = zerosBehind(run, run.plannedBytes, writeBytes)
  if (zeros) parts.push(zeros)
}

const NONE = [] as const

/** A list that begins with its one element takes a tenth of the memory of one that is pushed to, and most stay so. */
function added<T>(list: T[] | undefined, item: T): T[] {
  if (!list) return [item]
  list.push(item)
  return list
}
