import type { Checksum } from '@walrus/core'
import { decodeBlockSlot, slotChecksum, type BlockSlot } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, type Geometry } from '../format/geometry.js'

/**
 * What one slot of a table means, given those before it.
 * run: the slot describes a run, and the blocks are its own. misfit: it claims blocks that the file does not have, or more bytes
 * than its blocks have.
 * damaged: it cannot be trusted; its block belongs to nobody knows what.
 * free: the block can be given out; `owner` is the run that had it last, if any. doubtful: it looks free, but may belong to the run of the damaged slot before.
 * left: an owner of before, whose block went to a larger run before that could be noted. lost: a damaged slot inside a run.
 */
export type SlotMeaning =
  | { readonly kind: 'run' | 'left'; readonly block: number; readonly slot: BlockSlot }
  | { readonly kind: 'misfit'; readonly block: number; readonly slot: BlockSlot; readonly reason: string }
  | { readonly kind: 'free' | 'doubtful'; readonly block: number; readonly owner: BlockSlot | undefined }
  | { readonly kind: 'damaged' | 'lost'; readonly block: number }

/** Whose table it is. */
export interface SlotTableOwner {
  readonly fileId: number
  readonly geometry: Pick<Geometry, 'blockCount' | 'blockBytes'>
}

/**
 * Reads the table of a file that was used, slot by slot: that of block 0 was then the first to be written. A table that is shorter
 * than the file says ends early.
 */
export function* readSlotTable(table: Uint8Array, owner: SlotTableOwner, checksum: Checksum): Generator<SlotMeaning> {
  const { fileId, geometry } = owner
  const { blockCount } = geometry
  const slotCount = Math.min(blockCount, Math.floor(table.length / SECTOR_BYTES))
  let doubtful = false
  let runEnd = 0
  for (let block = 0; block < slotCount; block++) {
    const found = decodeBlockSlot(table, block * SECTOR_BYTES, slotChecksum(fileId, block, checksum))
    const slot = block === 0 && found === 'unused' ? 'damaged' : found
    if (block < runEnd) {
      if (slot === 'damaged') yield { kind: 'lost', block }
      else if (isRun(slot)) yield { kind: 'left', block, slot }
    } else if (isRun(slot)) {
      const reason = misfitReason(block, slot, geometry)
      doubtful = false
      if (reason === undefined) runEnd = block + slot.blockCount
      yield reason === undefined ? { kind: 'run', block, slot } : { kind: 'misfit', block, slot, reason }
    } else if (slot === 'damaged') {
      doubtful = true
      yield { kind: 'damaged', block }
    } else {
      yield { kind: doubtful ? 'doubtful' : 'free', block, owner: slot === 'unused' ? undefined : slot }
    }
  }
}

/** How a slot that cannot be trusted is reported. */
export function damagedSlotReason(block: number): string {
  return `the slot of block ${block} at byte ${slotPosition(block)} is damaged`
}

function isRun(slot: BlockSlot | 'unused' | 'damaged'): slot is BlockSlot {
  return typeof slot !== 'string' && slot.state !== 'free'
}

/** Why the run that a slot describes cannot be; undefined when it can. */
function misfitReason(
  block: number,
  { blockCount, knownBytes }: BlockSlot,
  geometry: SlotTableOwner['geometry'],
): string | undefined {
  const claim = `the slot of block ${block} claims ${blockCount} blocks`
  if (blockCount < 1 || block + blockCount > geometry.blockCount) return `${claim}, which the file does not have`
  if (knownBytes > blockCount * geometry.blockBytes) return `${claim} and ${knownBytes} bytes in them`
  return undefined
}
