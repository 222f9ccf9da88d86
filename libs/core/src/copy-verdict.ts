import type { SegmentMetadata } from './metadata/model.js'
import { endPosition, type SegmentCounts } from './segment.js'

/** What a node has of a sealed segment. */
export interface StoredCopy {
  /** Records that it holds durably. */
  readonly position: number
  /** The epoch under which it was created. */
  readonly epoch: number
  /** Its end is recorded: it takes nothing more, and gives nothing up. */
  readonly sealed: boolean
  /** Entries from this index on are damaged: it takes nothing more, and gives nothing up. Undefined: nothing is known to be. */
  readonly damagedFrom?: number | undefined
}

/** What a node does with its copy of a sealed segment. */
export type CopyVerdict =
  /** Nothing: it is whole, and its end is recorded; or what is damaged of it is behind the end. */
  | 'whole'
  /** It is whole: record its end. */
  | 'seal'
  /** It has records that nobody was promised: give them up. */
  | 'truncate'
  /** Take what is missing from another replica. */
  | 'complete'
  /** It is damaged, or was ended elsewhere than the cluster has decided: remove it, when another replica has a whole one, and take that. */
  | 'renew'
  /** It is of a deleted topic that had the same name: remove it, whatever other nodes have. */
  | 'stranger'

/**
 * A copy is a prefix of what the segment's leader wrote, so its length says all. Nothing is stored of a segment that nobody
 * wrote to, and nothing has to be.
 */
export function decideCopy(
  copy: StoredCopy | undefined,
  sealed: SegmentCounts & Pick<SegmentMetadata, 'createdEpoch'>,
): CopyVerdict {
  const end = endPosition(sealed)
  if (copy === undefined) return end === 0 ? 'whole' : 'complete'
  if (copy.epoch < sealed.createdEpoch) return 'stranger'
  if (copy.damagedFrom !== undefined) return copy.position < end ? 'renew' : 'whole'
  if (copy.position === end) return copy.sealed ? 'whole' : 'seal'
  if (copy.sealed) return 'renew'
  return copy.position > end ? 'truncate' : 'complete'
}
