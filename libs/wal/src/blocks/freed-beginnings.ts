import { formatSegmentKey } from '@walrus/core'
import type { BlockSlot } from '../format/block-slot.js'

type Identity = Pick<BlockSlot, 'topic' | 'segment' | 'epoch' | 'createdMs'>

/**
 * Segments whose removal has begun: it frees the run that begins the segment before the others, and no block of it is used
 * again before all are free. So what is left of a segment without a beginning is left from a removal, or damaged: this tells which.
 */
export class FreedBeginnings {
  readonly #names = new Set<string>()

  /** @param slot one that says `free` */
  note(slot: BlockSlot): void {
    if (slot.beginsSegment) this.#names.add(nameOf(slot))
  }

  /** Whether the beginning of that segment was freed. A later segment of the same name is another one. */
  has(segment: Identity): boolean {
    return this.#names.has(nameOf(segment))
  }
}

function nameOf({ topic, segment, epoch, createdMs }: Identity): string {
  return `${formatSegmentKey({ topic, segment })} ${epoch} ${createdMs}`
}
