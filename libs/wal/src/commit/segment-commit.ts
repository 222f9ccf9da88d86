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
  /** Runs that hold bytes of this commit, or were made for it; in their order. */
  readonly runsTouched: Run[] = []
  /** Set when no place was found: nothing of the commit is written. */
  failure: Error | undefined
  /** Index that the next placed entry has. */
  nextIndex: number
  readonly #checksum: Checksum

  constructor(
    readonly segment: StoredSegment,
    readonly taken: TakenBatches,
    checksum: Checksum,
  ) {
    this.#checksum = checksum
    this.nextIndex = segment.entryCount
  }

  fail(reason: unknown): void {
    this.failure = reason instanceof Error ? reason : new Error(String(reason))
  }

  /** A run that is new, or is about to get a batch. */
  touch(run: Run): void {
    if (this.runsTouched.at(-1) !== run) this.runsTouched.push(run)
  }

  placeBatch(run: Run, batch: OpenBatch): void {
    const bytes = batch.encode(this.segment.epoch, this.#checksum)
    this.#place(run, bytes, batch.entryCount, batch.firstIndex, batch.timestampMs)
    this.nextIndex = batch.firstIndex + batch.entryCount
  }

  placeControl(run: Run, bytes: Uint8Array): void {
    this.#place(run, bytes, 0, this.nextIndex, run.lastTimestampMs)
  }

  /** Adds the writes, one a run: batches of a run stand one behind the other. */
  addWrites(byFile: Map<StoreFile, PlannedWrite[]>, durable: boolean): void {
    let parts: Uint8Array[] = []
    for (const [at, { run, position, bytes }] of this.placed.entries()) {
      const isFirst = this.placed[at - 1]?.run !== run
      if (isFirst) parts = startWrite(byFile, run, position)
      parts.push(bytes)
      if (durable && this.placed[at + 1]?.run !== run) fillAhead(parts, run)
    }
  }

  #place(run: Run, bytes: Uint8Array, entryCount: number, firstIndex: number, timestampMs: number): void {
    const position = run.plannedBytes
    const batchBytes = bytes.length - FRAME_BYTES
    const frame = { generation: run.generation, durableBytes: run.durableBytes, batchBytes, position }
    writeFrame(bytes, 0, frame, run.file.fileId, this.#checksum)
    run.plannedBytes += bytes.length
    this.touch(run)
    this.placed.push({ run, position, bytes, firstIndex, entryCount, timestampMs })
  }
}

/** The parts of a new write, to which more are added. */
function startWrite(byFile: Map<StoreFile, PlannedWrite[]>, run: Run, position: number): Uint8Array[] {
  const parts: Uint8Array[] = []
  const write = { position: run.startPosition + position, parts }
  const writes = byFile.get(run.file)
  if (writes) writes.push(write)
  else byFile.set(run.file, [write])
  return parts
}

function fillAhead(parts: Uint8Array[], run: Run): void {
  const writeBytes = parts.reduce((sum, part) => sum + part.length, 0)
  const zeros = zerosBehind(run, run.plannedBytes, writeBytes)
  if (zeros) parts.push(zeros)
}
