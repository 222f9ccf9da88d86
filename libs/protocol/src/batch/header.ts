import { assert } from '@walrus/core'
import type { Checksum } from '@walrus/core'
import { byteAt, fitsU32, fitsU64, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from '../little-endian.js'

/*
 * A batch is a header of 64 bytes and its payload; all numbers are little-endian (spec/batch-format.md).
 *
 *    0        1         2           4                8                12              16
 *    ├────────┼─────────┼───────────┼────────────────┼────────────────┼───────────────┤
 *    │ 'W'    │ version │ flags     │ payloadBytes   │ entryCount     │ payloadCrc    │
 *    ├────────┴─────────┴───────────┴────────────────┼────────────────┴───────────────┤ 32
 *    │ firstIndex u64                                │ timestampMs u64                │
 *    ├───────────────────────────────────────────────┼────────────────────────────────┤ 48
 *    │ producerId u64                                │ producerSequence u64           │
 *    ├────────────────┬──────────────────────────────┴────────────────┬───────────────┤ 64
 *    │ epoch u32      │ reserved u64, zero                            │ headerCrc u32 │
 *    └────────────────┴───────────────────────────────────────────────┴───────────────┘
 */

/** What stands in front of a batch's payload. Every number is a non-negative safe integer. */
export interface BatchHeader {
  /** The payload is control records, not entries. Invariant: `entryCount` is 0 exactly when this is set. */
  readonly control: boolean
  readonly compressed: boolean
  /** At most 2^32 − 1, as `entryCount` and `epoch`. */
  readonly payloadBytes: number
  readonly entryCount: number
  /** Checksum of the payload, computed once by whoever encoded it. */
  readonly payloadCrc: number
  /** Index in the segment of the first entry; for a control batch the index that the next entry will have. */
  readonly firstIndex: number
  /** Wall-clock milliseconds since 1970 at which the batch was opened. */
  readonly timestampMs: number
  /** 0: no producer, and no de-duplication. */
  readonly producerId: number
  /** Sequence of the first entry; the others follow one by one. */
  readonly producerSequence: number
  /** Fencing number of the segment when the batch was written. */
  readonly epoch: number
}

/**
 * Why bytes are not a batch header: fewer than 64 bytes; not our magic; a version that this code does not know; a checksum
 * that differs; under a good checksum, flags that this code does not know, or numbers that contradict each other.
 */
export type BatchFault = 'short' | 'magic' | 'version' | 'header-crc' | 'flags' | 'range'

/** Bytes in front of every batch's payload. */
export const BATCH_HEADER_BYTES = 64

/** Bytes in front of every entry in a payload. */
export const ENTRY_HEADER_BYTES = 4

const MAGIC = 0x57
const VERSION = 1
const FLAG_CONTROL = 1
const FLAG_COMPRESSED = 2
const CHECKED_BYTES = 60

/** Writes 64 bytes at `at`, which must fit, and computes the header's checksum. Allocates one view. */
export function writeBatchHeader(target: Uint8Array, at: number, header: BatchHeader, checksum: Checksum): void {
  assert(isConsistent(header), 'the numbers of a batch header are in range')
  target[at] = MAGIC
  target[at + 1] = VERSION
  writeU16(target, at + 2, (header.control ? FLAG_CONTROL : 0) | (header.compressed ? FLAG_COMPRESSED : 0))
  writeU32(target, at + 4, header.payloadBytes)
  writeU32(target, at + 8, header.entryCount)
  writeU32(target, at + 12, header.payloadCrc)
  writeU64(target, at + 16, header.firstIndex)
  writeU64(target, at + 24, header.timestampMs)
  writeU64(target, at + 32, header.producerId)
  writeU64(target, at + 40, header.producerSequence)
  writeU32(target, at + 48, header.epoch)
  writeU64(target, at + 52, 0)
  writeU32(target, at + 60, headerChecksum(target, at, checksum))
}

/**
 * The header at `at`, or why there is none. Never throws, whatever the bytes. A header says nothing about its payload: that
 * the payload is there and whole is `checkBatchPayload`.
 */
export function readBatchHeader(bytes: Uint8Array, at: number, checksum: Checksum): BatchHeader | BatchFault {
  const fault = faultOfEnvelope(bytes, at, checksum)
  if (fault !== undefined) return fault
  const header = decode(bytes, at)
  return isConsistent(header) && readU64(bytes, at + 52) === 0 ? header : 'range'
}

/** True when the whole payload is behind the header at `at` and its checksum is the header's. */
export function checkBatchPayload(bytes: Uint8Array, at: number, header: BatchHeader, checksum: Checksum): boolean {
  const start = at + BATCH_HEADER_BYTES
  const end = start + header.payloadBytes
  return end <= bytes.length && checksum(bytes.subarray(start, end)) === header.payloadCrc
}

/** The checksum stands before the flags: unknown flags under a good checksum were written by a newer program. */
function faultOfEnvelope(bytes: Uint8Array, at: number, checksum: Checksum): BatchFault | undefined {
  if (at < 0 || at + BATCH_HEADER_BYTES > bytes.length) return 'short'
  if (byteAt(bytes, at) !== MAGIC) return 'magic'
  if (byteAt(bytes, at + 1) !== VERSION) return 'version'
  if (readU32(bytes, at + 60) !== headerChecksum(bytes, at, checksum)) return 'header-crc'
  if ((readU16(bytes, at + 2) & ~(FLAG_CONTROL | FLAG_COMPRESSED)) !== 0) return 'flags'
  return undefined
}

function decode(bytes: Uint8Array, at: number): BatchHeader {
  const flags = readU16(bytes, at + 2)
  return {
    control: (flags & FLAG_CONTROL) !== 0,
    compressed: (flags & FLAG_COMPRESSED) !== 0,
    payloadBytes: readU32(bytes, at + 4),
    entryCount: readU32(bytes, at + 8),
    payloadCrc: readU32(bytes, at + 12),
    firstIndex: readU64(bytes, at + 16),
    timestampMs: readU64(bytes, at + 24),
    producerId: readU64(bytes, at + 32),
    producerSequence: readU64(bytes, at + 40),
    epoch: readU32(bytes, at + 48),
  }
}

function isConsistent(header: BatchHeader): boolean {
  return (
    header.control === (header.entryCount === 0) &&
    (header.compressed || header.entryCount * ENTRY_HEADER_BYTES <= header.payloadBytes) &&
    fitsU32(header.payloadBytes) &&
    fitsU32(header.entryCount) &&
    fitsU32(header.payloadCrc) &&
    fitsU64(header.firstIndex) &&
    fitsU64(header.firstIndex + header.entryCount) &&
    fitsU64(header.timestampMs) &&
    fitsU64(header.producerId) &&
    fitsU64(header.producerSequence) &&
    fitsU32(header.epoch)
  )
}

function headerChecksum(bytes: Uint8Array, at: number, checksum: Checksum): number {
  return checksum(bytes.subarray(at, at + CHECKED_BYTES))
}
