import type { Checksum } from '@walrus/core'
import { fitsU64, readU32, readU64, writeU32, writeU64 } from '@walrus/protocol'
import { geometryFault, geometryOf, SECTOR_BYTES, SUPERBLOCK_BYTES, type Geometry } from './geometry.js'

/*
 * Sector 0, written once (spec/disk-format.md):
 *
 *    0                 8            12           16
 *    ├─────────────────┼────────────┼────────────┼────────────┤
 *    │ "WALRUSBF"      │ version    │ blockBytes │ blockCount │
 *    ├─────────────────┼────────────┴────────────┼────────────┤ 20
 *    │ fileId u64      │ createdMs u64           │ zero       │
 *    ├─────────────────┴─────────────────────────┴────────────┤ 508
 *    │ crc of bytes 0 to 507                                  │
 *    └────────────────────────────────────────────────────────┘ 512
 *
 * Sectors 1 and 2, written in turn, the higher valid count wins:
 *
 *    0                 4            8            508
 *    ├─────────────────┼────────────┼────────────┼────────────────────────┤
 *    │ "OPEN"          │ openCount  │ zero       │ crc of bytes 0 to 507  │
 *    └─────────────────┴────────────┴────────────┴────────────────────────┘ 512
 */

const MAGIC = [0x57, 0x41, 0x4c, 0x52, 0x55, 0x53, 0x42, 0x46]
const OPEN_MAGIC = 0x4e45504f
const VERSION = 2
const CRC_AT = SECTOR_BYTES - 4
const OPEN_RECORDS = [SECTOR_BYTES, 2 * SECTOR_BYTES]

/** What a block file says of itself. */
export interface Superblock {
  readonly geometry: Geometry
  /** Mixed into each frame's checksum, so that a block that was written to the wrong file is noticed. */
  readonly fileId: number
  readonly createdMs: number
  /** How often the file was opened for allocation; the high half of a generation. */
  readonly openCount: number
}

/**
 * unfinished: the creation of the file was interrupted, so nothing was put into it yet. version: written by another release.
 * damaged: cannot be trusted.
 */
export type SuperblockFault =
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'damaged' }

export function encodeSuperblock(superblock: Superblock, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES)
  bytes.set(MAGIC)
  writeU32(bytes, 8, VERSION)
  writeU32(bytes, 12, superblock.geometry.blockBytes)
  writeU32(bytes, 16, superblock.geometry.blockCount)
  writeU64(bytes, 20, superblock.fileId)
  writeU64(bytes, 28, superblock.createdMs)
  writeU32(bytes, CRC_AT, checksum(bytes.subarray(0, CRC_AT)))
  const open = encodeOpenRecord(superblock.openCount, checksum)
  bytes.set(open, openRecordPosition(superblock.openCount))
  return bytes
}

/** The sector that says how often the file was opened; goes to `openRecordPosition(openCount)`. */
export function encodeOpenRecord(openCount: number, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  writeU32(bytes, 0, OPEN_MAGIC)
  writeU32(bytes, 4, openCount)
  writeU32(bytes, CRC_AT, checksum(bytes.subarray(0, CRC_AT)))
  return bytes
}

/** Odd and even counts take turns, so that the record before survives a write that fails. */
export function openRecordPosition(openCount: number): number {
  return openCount % 2 === 1 ? SECTOR_BYTES : 2 * SECTOR_BYTES
}

/**
 * What is wrong with the open counters of a superblock that can be trusted otherwise; undefined when nothing is. The newest
 * has the one before beside it, unless it is the first.
 * @param bytes the first SUPERBLOCK_BYTES of the file
 */
export function openRecordFault(
  bytes: Uint8Array,
  checksum: Checksum,
): { readonly position: number; readonly reason: string } | undefined {
  const records = OPEN_RECORDS.map((position) => ({ position, count: openCountAt(bytes, position, checksum) }))
  const damaged = records.find(({ count }) => count === 'damaged')
  if (damaged) return { position: damaged.position, reason: 'the open counter is damaged' }
  const newest = Math.max(...records.map(({ count }) => Number(count)))
  const wrong = records.find(
    ({ position, count }) => count !== (openRecordPosition(newest) === position ? newest : newest - 1),
  )
  return wrong && { position: wrong.position, reason: `the open counter is ${wrong.count} beside ${newest}` }
}

/** @param bytes the first SUPERBLOCK_BYTES of the file */
export function decodeSuperblock(bytes: Uint8Array, checksum: Checksum): Superblock | SuperblockFault {
  if (isZero(bytes, 0, SECTOR_BYTES)) return { kind: 'unfinished' }
  if (!MAGIC.every((byte, at) => bytes[at] === byte) || !crcHolds(bytes, 0, checksum)) return { kind: 'damaged' }
  const version = readU32(bytes, 8)
  if (version !== VERSION) return { kind: 'version', version }
  if (isZero(bytes, SECTOR_BYTES, 3 * SECTOR_BYTES)) return { kind: 'unfinished' }
  return decodeFields(bytes, checksum) ?? { kind: 'damaged' }
}

function decodeFields(bytes: Uint8Array, checksum: Checksum): Superblock | undefined {
  const geometry = readGeometry(bytes)
  const fileId = readU64(bytes, 20)
  const createdMs = readU64(bytes, 28)
  const openCount = readOpenCount(bytes, checksum)
  if (!geometry || !fitsU64(fileId) || !fitsU64(createdMs) || openCount === 0) return undefined
  return { geometry, fileId, createdMs, openCount }
}

/** A record that cannot be read may have been the newer one, so it counts as such: no count may come twice. */
function readOpenCount(bytes: Uint8Array, checksum: Checksum): number {
  const counts = OPEN_RECORDS.map((at) => openCountAt(bytes, at, checksum))
  const known = Math.max(...counts.map((count) => (count === 'damaged' ? 0 : count)))
  return known > 0 && counts.includes('damaged') ? known + 1 : known
}

function readGeometry(bytes: Uint8Array): Geometry | undefined {
  const blockBytes = readU32(bytes, 12)
  const blockCount = readU32(bytes, 16)
  return geometryFault(blockBytes, blockCount) === undefined ? geometryOf(blockBytes, blockCount) : undefined
}

function openCountAt(bytes: Uint8Array, at: number, checksum: Checksum): number | 'damaged' {
  if (isZero(bytes, at, at + SECTOR_BYTES)) return 0
  return readU32(bytes, at) === OPEN_MAGIC && crcHolds(bytes, at, checksum) ? readU32(bytes, at + 4) : 'damaged'
}

function crcHolds(bytes: Uint8Array, at: number, checksum: Checksum): boolean {
  return checksum(bytes.subarray(at, at + CRC_AT)) === readU32(bytes, at + CRC_AT)
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0)
}
