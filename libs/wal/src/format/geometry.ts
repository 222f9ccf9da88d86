import { WalrusError } from '@walrus/core'

/*
 * A block file (spec/disk-format.md):
 *
 *    0            4096     4608     5120                        dataStart
 *    ├────────────┼────────┼────────┼──────┼────────────────────┼────────────────────┼──────┤
 *    │ superblock │ slot 0 │ slot 1 │ …    │ block 0            │ block 1            │ …    │
 *    └────────────┴────────┴────────┴──────┴────────────────────┴────────────────────┴──────┘
 */

/** The unit in which disks are assumed to write: a sector is old or new after a crash, never a mixture. */
export const SECTOR_BYTES = 512

/** Superblock: sector 0 identity, sectors 1 and 2 the open counter, alternating. */
export const SUPERBLOCK_BYTES = 4096

const BLOCK_BYTES_MIN = 4096
const BLOCK_COUNT_MAX = 1 << 22

/** How one block file is divided: superblock, one slot a block, then the blocks. */
export interface Geometry {
  readonly blockBytes: number
  readonly blockCount: number
  /** Where block 0 starts. */
  readonly dataStart: number
  readonly fileBytes: number
}

/** The geometry of a file that holds `blockCount` blocks. Throws `INVALID_ARGUMENT` beyond the bounds. */
export function geometryOf(blockBytes: number, blockCount: number): Geometry {
  const fault = geometryFault(blockBytes, blockCount)
  if (fault !== undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot ${fault}`)
  const dataStart = roundUp(SUPERBLOCK_BYTES + blockCount * SECTOR_BYTES, blockBytes)
  return { blockBytes, blockCount, dataStart, fileBytes: dataStart + blockCount * blockBytes }
}

/** What cannot be done with such numbers, and why; undefined when they make a geometry. */
export function geometryFault(blockBytes: number, blockCount: number): string | undefined {
  if (!isBlockSize(blockBytes)) return `use block size ${blockBytes}: not a power of two from ${BLOCK_BYTES_MIN}`
  if (!Number.isInteger(blockCount) || blockCount < 1 || blockCount > BLOCK_COUNT_MAX)
    return `use block count ${blockCount}: not from 1 to ${BLOCK_COUNT_MAX}`
  return undefined
}

/** The largest geometry that fits `fileBytes`, but with at least `blockCountMin` blocks. */
export function geometryWithin(fileBytes: number, blockBytes: number, blockCountMin: number): Geometry {
  const fit = Math.floor((fileBytes - SUPERBLOCK_BYTES - blockBytes) / (blockBytes + SECTOR_BYTES))
  return geometryOf(blockBytes, Math.max(fit, blockCountMin, 1))
}

export function slotPosition(block: number): number {
  return SUPERBLOCK_BYTES + block * SECTOR_BYTES
}

export function blockPosition(geometry: Geometry, block: number): number {
  return geometry.dataStart + block * geometry.blockBytes
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}

function isBlockSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= BLOCK_BYTES_MIN && Number.isInteger(Math.log2(bytes))
}
