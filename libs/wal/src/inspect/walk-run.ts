import type { Checksum } from '@walrus/core'
import { BATCH_HEADER_BYTES, type BatchHeader } from '@walrus/protocol'
import type { Run } from '../blocks/run.js'
import { FRAME_BYTES } from '../format/frame.js'
import { BatchScanner, type ScanFault, type ScannedBatch } from '../log/batch-scanner.js'
import { framesIn } from '../log/frames-in.js'

const CHUNK_BYTES = 1024 * 1024

/** A fault, and how far it reaches. */
export interface BrokenStretch extends ScanFault {
  /** Position in the run of what can be read next, or where the walk ends. */
  readonly endPosition: number
}

/**
 * Every batch and every fault of a run up to `to`, in order. Recovery stops at a fault; this goes on at the next frame of
 * the run, so that each fault is found. One chunk, or one batch if that is larger, is in memory at a time.
 */
export async function* walkRun(
  run: Run,
  to: number,
  checksum: Checksum,
): AsyncGenerator<ScannedBatch | BrokenStretch, void, void> {
  for (let from: number | undefined = 0; from !== undefined;) {
    const fault: ScanFault | undefined = yield* walkWhole(run, from, to, checksum)
    if (!fault) return
    from = await findFrame(run, fault.position + 1, to, checksum)
    yield { ...fault, endPosition: fault.header ? endOf(fault.position, fault.header) : (from ?? to) }
  }
}

function endOf(position: number, { payloadBytes }: BatchHeader): number {
  return position + FRAME_BYTES + BATCH_HEADER_BYTES + payloadBytes
}

/** The batches up to the first fault, which it returns. */
async function* walkWhole(
  run: Run,
  from: number,
  to: number,
  checksum: Checksum,
): AsyncGenerator<ScannedBatch, ScanFault | undefined, void> {
  const { file, generation, startPosition } = run
  const scanner = new BatchScanner({ file, generation, startPosition, from, to, chunkBytes: CHUNK_BYTES }, checksum)
  for (;;) {
    const scanned = scanner.nextBuffered()
    if (!scanned) await scanner.fill()
    else if (scanned.kind === 'end') return undefined
    else if (scanned.kind === 'fault') return scanned
    else yield scanned
  }
}

/** Where the next frame of the run begins. */
async function findFrame(run: Run, from: number, to: number, checksum: Checksum): Promise<number | undefined> {
  for (let at = from; at + FRAME_BYTES <= to; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES + FRAME_BYTES - 1, to - at)
    const bytes = await run.file.read(run.startPosition + at, length)
    for (const frame of framesIn(bytes, at, run, checksum)) return frame.position
  }
  return undefined
}
