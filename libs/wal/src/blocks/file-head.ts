import type { BlockFile, Checksum } from '@walrus/core'
import { decodeBlockSlot } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES } from '../format/geometry.js'
import { decodeSuperblock, type Superblock } from '../format/superblock.js'

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
  if (isNeverUsed(head, checksum)) return { kind: 'unfinished' }
  if ('kind' in superblock) return { kind: 'damaged', reason: 'its superblock is damaged' }
  return checkSize(superblock, sizeBytes)
}

function checkSize(superblock: Superblock, sizeBytes: number): FileHead {
  const { fileBytes } = superblock.geometry
  if (fileBytes === sizeBytes) return { kind: 'whole', superblock }
  return { kind: 'damaged', reason: `it has ${sizeBytes} bytes, its superblock says ${fileBytes}`, superblock }
}

/** Block 0 is the first that a file gives out, and its slot is never empty again. */
function isNeverUsed(head: Uint8Array, checksum: Checksum): boolean {
  return decodeBlockSlot(head, slotPosition(0), checksum) === 'unused'
}
