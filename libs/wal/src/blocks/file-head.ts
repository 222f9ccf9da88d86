import type { BlockFile, Checksum } from '@walrus/core'
import { decodeBlockSlot, slotChecksum } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES } from '../format/geometry.js'
import { decodeSuperblock, type Superblock } from '../format/superblock.js'

/** How far a table is searched for a trace of use, whatever its size. */
const SEARCHED_BYTES = 4 * 1024 * 1024

/**
 * What the beginning of a block file says of it. unfinished: nothing was ever put into it; its creation may have been
 * interrupted, or the system may show a superblock that a failed sync has kept from stable storage.
 * version: written by another release. damaged: it cannot be trusted; `superblock` is there if that part is whole.
 */
export type FileHead =
  | { readonly kind: 'whole'; readonly superblock: Superblock }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'damaged'; readonly reason: string; readonly superblock?: Superblock }

export async function readFileHead(file: BlockFile, checksum: Checksum): Promise<FileHead> {
  const { sizeBytes } = file
  if (sizeBytes < SUPERBLOCK_BYTES + SECTOR_BYTES) return { kind: 'damaged', reason: `it has ${sizeBytes} bytes` }
  const head = await file.read(0, SUPERBLOCK_BYTES + SECTOR_BYTES)
  const superblock = decodeSuperblock(head.subarray(0, SUPERBLOCK_BYTES), checksum)
  const fault = 'kind' in superblock ? superblock : undefined
  if (fault?.kind === 'version') return fault
  if (await isNeverUsed(file, head, checksum)) return { kind: 'unfinished' }
  if ('kind' in superblock) return { kind: 'damaged', reason: 'its superblock is damaged' }
  return checkSize(superblock, sizeBytes)
}

function checkSize(superblock: Superblock, sizeBytes: number): FileHead {
  const { fileBytes } = superblock.geometry
  if (fileBytes === sizeBytes) return { kind: 'whole', superblock }
  return { kind: 'damaged', reason: `it has ${sizeBytes} bytes, its superblock says ${fileBytes}`, superblock }
}

/**
 * Block 0 is the first that a file gives out: its slot is on stable storage before anything else of the file is, and never empty
 * again. Where another slot knows something durable, that of block 0 is lost, and not unused.
 */
async function isNeverUsed(file: BlockFile, head: Uint8Array, checksum: Checksum): Promise<boolean> {
  if (decodeBlockSlot(head, slotPosition(0), checksum) !== 'unused') return false
  const length = Math.min(SEARCHED_BYTES, file.sizeBytes - SUPERBLOCK_BYTES)
  const table = await file.read(SUPERBLOCK_BYTES, length)
  for (let block = 1; (block + 1) * SECTOR_BYTES <= length; block++) {
    const slot = decodeBlockSlot(table, block * SECTOR_BYTES, slotChecksum(Number(file.name), block, checksum))
    if (typeof slot !== 'string' && slot.knownBytes > 0) return false
  }
  return true
}
