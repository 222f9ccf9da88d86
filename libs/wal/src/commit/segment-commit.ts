import type { Checksum } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import type { PlannedWrite, StoreFile } from '../blocks/store-file.js'
import { FRAME_BYTES, writeFrame } from '../format/frame.js'
import type { TakenBatches } from '../log/pending-batches.js'
import type { StoredSegment } from '../log/stored-segment.js'
import { zerosBehind } from './fill-ahead.js'
import type { OpenBatch } from './open-batch.js'

/** A batch with its place. */
export interface PlacedBatch {
  readonly run: Run
  readonly position: number
  readonly bytes: Uint8Array
  readonly firstIndex: number
  readonly entryCount: number
  readonly timestampMs: number
}

/** What one segment contributes to a commit, and where it goes. */
export class SegmentCommit {
  readonly placed: PlacedBatch[] = []
  /** Runs that hold bytes of this commit, or were made for it. */
  readonly runsTouched = new Set<Run>()
  /** Set when no place was found: nothing of the commit is written. */
  failure: Error | undefined
  /** Index that the next placed entry has. */
  nextIndex: number
  readonly firstIndex: number
  readonly #checksum: Checksum

  constructor(
    readonly segment: StoredSegment,
    readonly taken: TakenBatches,
    checksum: Checksum,
  ) {
    this.#checksum = checksum
    this.nextIndex = segment.entryCount
    this.firstIndex = segment.entryCount
  }

  placeBatch(run: Run, batch: OpenBatch): void {
    const bytes = batch.encode(this.segment.epoch, this.#checksum)
    this.#place(run, bytes, {
      firstIndex: batch.firstIndex,
      entryCount: batch.entryCount,
      timestampMs: batch.timestampMs,
    })
    this.nextIndex = batch.firstIndex + batch.entryCount
  }

  placeControl(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, { firstIndex: this.nextIndex, entryCount: 0, timestampMs: run.lastTimestampMs })
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

  #place(run: Run, bytes: Uint8Array, of: Pick<PlacedBatch, 'firstIndex' | 'entryCount' | 'timestampMs'>): void {
    const position = run.plannedBytes
    const batchBytes = bytes.length - FRAME_BYTES
    const frame = { generation: run.generation, durableBytes: run.durableBytes, batchBytes, position }
    writeFrame(bytes, 0, frame, run.file.fileId, this.#checksum)
    run.plannedBytes += bytes.length
    this.runsTouched.add(run)
    this.placed.push({ run, position, bytes, ...of })
  }
}
