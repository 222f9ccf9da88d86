import type { Checksum, EncodedBatch } from '@walrus/core'
import type { ControlRecord } from '@walrus/protocol'
import type { LogPoint } from '../blocks/log-point.js'
import type { Run } from '../blocks/run.js'
import type { PlannedWrite, StoreFile } from '../blocks/store-file.js'
import { FRAME_BYTES, writeFrame } from '../format/frame.js'
import type { TakenBatches } from '../log/pending-batches.js'
import type { StoredSegment } from '../log/stored-segment.js'
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

/** What one segment contributes to a commit, and where it goes. */
export class SegmentCommit {
  readonly placed: PlacedBatch[] = []
  /** Runs that hold bytes of this commit, or were made for it. */
  readonly runsTouched = new Set<Run>()
  /** Set when no place was found: nothing of the commit is written. */
  failure: Error | undefined
  /** What the batches that have a place say of the topic's state. */
  readonly stateRecords: ControlRecord[] = []
  /** Where the next record is placed. */
  next: LogPoint
  readonly #start: LogPoint
  readonly #checksum: Checksum

  constructor(
    readonly segment: StoredSegment,
    readonly taken: TakenBatches,
    checksum: Checksum,
  ) {
    this.#checksum = checksum
    this.#start = this.next = taken.cut?.end ?? { index: segment.entryCount, position: segment.position }
  }

  placeBatch(run: Run, batch: WaitingBatch): void {
    const bytes = batch.encode(this.segment.epoch, this.#checksum)
    const { entryCount, recordCount } = batch
    const timestampMs = entryCount > 0 ? batch.timestampMs : run.lastTimestampMs
    this.#place(run, bytes, { entryCount, recordCount, timestampMs })
    for (const record of batch.stateRecords) this.stateRecords.push(record)
  }

  placeCursors(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, { entryCount: 0, recordCount: 1, timestampMs: run.lastTimestampMs })
  }

  /** What a run starts with is no record of the log. */
  placeState(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, { entryCount: 0, recordCount: 0, timestampMs: run.lastTimestampMs })
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

  /** The writes, one a run: batches of a run stand one behind the other. */
  writes(durable: boolean): Map<StoreFile, PlannedWrite[]> {
    const byRun = new Map<Run, { position: number; parts: Uint8Array[] }>()
    for (const { run, position, bytes } of this.placed) {
      const write = byRun.get(run)
      if (write) write.parts.push(bytes)
      else byRun.set(run, { position, parts: [bytes] })
    }
    const byFile = new Map<StoreFile, PlannedWrite[]>()
    for (const [run, { position, parts }] of byRun) {
      const zeros = durable ? zerosBehind(run, run.plannedBytes, run.plannedBytes - position) : undefined
      if (zeros) parts.push(zeros)
      byFile.set(run.file, [...(byFile.get(run.file) ?? []), { position: run.startPosition + position, parts }])
    }
    return byFile
  }

  #place(run: Run, bytes: Uint8Array, of: Pick<PlacedBatch, 'entryCount' | 'recordCount' | 'timestampMs'>): void {
    const first = this.next
    const position = run.plannedBytes
    const batchBytes = bytes.length - FRAME_BYTES
    const frame = { generation: run.generation, durableBytes: run.durableBytes, batchBytes, position }
    writeFrame(bytes, 0, frame, run.file.fileId, this.#checksum)
    run.plannedBytes += bytes.length
    this.runsTouched.add(run)
    this.placed.push({ run, position, bytes, first, ...of })
    this.next = { index: first.index + of.entryCount, position: first.position + of.recordCount }
  }
}
