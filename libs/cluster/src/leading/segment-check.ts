import { formatSegmentKey, WalrusError, type SegmentLog, type SegmentMetadata } from '@walrus/core'

/** The part of a stored segment that metadata speaks about. */
export type StoredSegment = Pick<SegmentLog, 'baseOffset' | 'epoch' | 'entryCount' | 'sealed'> &
  Partial<Pick<SegmentLog, 'damagedFrom'>>

/** What storage and metadata say together about one segment. */
export type SegmentVerdict =
  /** Both agree: go on with it. */
  | { readonly kind: 'ready' }
  /** Nothing is stored yet, and nothing has to be. */
  | { readonly kind: 'absent' }
  /** Metadata has sealed it, and storage has not heard of it. */
  | { readonly kind: 'to-seal' }
  /** Storage has sealed it, and metadata has not heard of it: its rollover was interrupted. */
  | { readonly kind: 'to-roll' }
  /** One of them is wrong. */
  | { readonly kind: 'damaged'; readonly reason: string }

/**
 * Compares what metadata says of a segment with what this node has stored of it. Storage seals before metadata does, with
 * everything durable, so a stored count that is not the sealed one means that entries were lost, or written by nobody.
 */
export function checkSegment(segment: SegmentMetadata, stored: StoredSegment | undefined): SegmentVerdict {
  if (stored === undefined) return checkAbsent(segment)
  if (stored.baseOffset !== segment.baseOffset) return damaged('base offset', stored.baseOffset, segment.baseOffset)
  if (segment.state === 'sealed') return checkSealed(segment, stored)
  if (segment.state === 'open' && stored.epoch !== segment.epoch) return damaged('epoch', stored.epoch, segment.epoch)
  return { kind: stored.sealed ? 'to-roll' : 'ready' }
}

/** The failure that a damaged segment means for whoever wants to use it. */
export function damagedSegment(topic: string, segment: number, reason: string): WalrusError {
  return new WalrusError('CORRUPT_DATA', `Cannot use segment "${formatSegmentKey({ topic, segment })}": ${reason}`)
}

function checkAbsent(segment: SegmentMetadata): SegmentVerdict {
  if (segment.state !== 'sealed' || segment.entryCount === 0) return { kind: 'absent' }
  return { kind: 'damaged', reason: `it was sealed with ${segment.entryCount} entries and is not stored` }
}

function checkSealed(segment: SegmentMetadata, stored: StoredSegment): SegmentVerdict {
  // An operator has ended it before its damage: no mark can be left in it, and none is needed.
  if (stored.damagedFrom !== undefined && stored.damagedFrom >= segment.entryCount) return { kind: 'ready' }
  if (stored.entryCount !== segment.entryCount) return damaged('entry count', stored.entryCount, segment.entryCount)
  return { kind: stored.sealed ? 'ready' : 'to-seal' }
}

function damaged(what: string, stored: number, decided: number): SegmentVerdict {
  return { kind: 'damaged', reason: `its ${what} is stored as ${stored} and was decided as ${decided}` }
}
