import type { Checksum } from '@walrus/core'
import { readU32, writeU32, writeU64 } from '@walrus/protocol'
import type { Generation } from './block-slot.js'

/*
 * Before each batch on disk (spec/disk-format.md); the CRC is of bytes 0 to 19, continued over the file id as u64:
 *
 *    0            4            8              12           16           20
 *    ├────────────┼────────────┼──────────────┼────────────┼────────────┼────────────┤
 *    │ openCount  │ sequence   │ durableBytes │ batchBytes │ position   │ frameCrc   │
 *    └────────────┴────────────┴──────────────┴────────────┴────────────┴────────────┘ 24
 */

export const FRAME_BYTES = 24

/** What stands before a batch on disk, and belongs to the place rather than to the batch. */
export interface Frame {
  readonly generation: Generation
  /** Bytes from the start of the run that were known durable when this was written. */
  readonly durableBytes: number
  /** Header and payload of the batch that follows. */
  readonly batchBytes: number
  /** Where the frame stands, in bytes from the start of the run. */
  readonly position: number
}

export function writeFrame(target: Uint8Array, at: number, frame: Frame, fileId: number, checksum: Checksum): void {
  writeU32(target, at, frame.generation.openCount)
  writeU32(target, at + 4, frame.generation.sequence)
  writeU32(target, at + 8, frame.durableBytes)
  writeU32(target, at + 12, frame.batchBytes)
  writeU32(target, at + 16, frame.position)
  writeU32(target, at + 20, frameCrc(target, at, fileId, checksum))
}

/** Undefined when no frame of this generation, file and position stands there, whole. */
export function readFrame(
  bytes: Uint8Array,
  at: number,
  expected: { readonly generation: Generation; readonly position: number },
  fileId: number,
  checksum: Checksum,
): Frame | undefined {
  if (bytes.length - at < FRAME_BYTES) return undefined
  if (readU32(bytes, at) !== expected.generation.openCount) return undefined
  if (readU32(bytes, at + 4) !== expected.generation.sequence) return undefined
  if (readU32(bytes, at + 16) !== expected.position) return undefined
  if (readU32(bytes, at + 20) !== frameCrc(bytes, at, fileId, checksum)) return undefined
  return { ...expected, durableBytes: readU32(bytes, at + 8), batchBytes: readU32(bytes, at + 12) }
}

function frameCrc(bytes: Uint8Array, at: number, fileId: number, checksum: Checksum): number {
  const id = new Uint8Array(8)
  writeU64(id, 0, fileId)
  return checksum(id, checksum(bytes.subarray(at, at + FRAME_BYTES - 4)))
}
