import type { Checksum } from '@walrus/core'
import { decodeBlockSlot, slotChecksum, type BlockSlot } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, type Geometry } from '../format/geometry.js'

/**
 * What one slot of a table means, given those before it.
 * run: the slot describes a run, and the blocks are its own. misfit: it claims blocks that the file does not have.
 * damaged: it cannot be trusted; its block belongs to nobody knows what.
 * free: the block can be given out; `owner` is the run that had it last, if any. doubtful: it looks free, but may belong to the run of the damaged slot before.
 * left: an owner of before, whose block went to a larger run before that could be noted. lost: a damaged slot inside a run.
 */
export type SlotMeaning =
  | { readonly kind: 'run' | 'misfit' | 'left'; readonly block: number; readonly slot: BlockSlot }
  | { readonly kind: 'free' | 'doubtful'; readonly block: number; readonly owner: BlockSlot | undefined }
  | { readonly kind: 'damaged' | 'lost'; readonly block: number }

/** Whose table it is. */
export interface SlotTableOwner {
  readonly fileId: number
  readonly geometry: Pick<Geometry, 'blockCount'>
}

/** Reads the table of a file that was used, slot by slot: that of block 0 was then the first to be written. */
export function* readSlotTable(table: Uint8Array, owner: SlotTableOwner, checksum: Checksum): Generator<SlotMeaning> {
  const { fileId, geometry } = owner
  const { blockCount } = geometry
  let doubtful = false
  let runEnd = 0
  for (let block = 0; block < blockCount; block++) {
    const found = decodeBlockSlot(table, block * SECTOR_BYTES, slotChecksum(fileId, block, checksum))
    const slot = block === 0 && found === 'unused' ? 'damaged' : found
    if (block < runEnd) {
      if (slot === 'damaged') yield { kind: 'lost', block }
      else if (isRun(slot)) yield { kind: 'left', block, slot }
    } else if (isRun(slot)) {
      const fits = slot.blockCount >= 1 && block + slot.blockCount <= blockCount
      doubtful = false
      if (fits) runEnd = block + slot.blockCount
      yield { kind: fits ? 'run' : 'misfit', block, slot }
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
