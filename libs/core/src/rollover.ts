import type { TopicConfig } from './metadata/model.js'

/** The open segment as its leader sees it. */
export interface TailStatus {
  /** The lease on the segment holds, at this moment. */
  readonly leaseHeld: boolean
  /** No append gets in any more and none is in flight: only then is the count exact. */
  readonly drained: boolean
  /** Entries, with those in flight before the drain; the committed ones after it. */
  readonly entryCount: number
  /** Bytes on disk, framing and control batches included. */
  readonly sizeBytes: number
  /** Since the segment's first append. */
  readonly ageMs: number
}

/** Why a segment is full. */
export type RolloverReason = 'entries' | 'bytes' | 'age'

/** What the leader does with its open segment. */
export type RolloverDecision =
  /** Go on; open the gate if it was closed. */
  | { readonly kind: 'keep' }
  /** Close the gate, wait for what is in flight, and ask again. */
  | { readonly kind: 'drain'; readonly reason: RolloverReason }
  /** Propose `SealAndRoll` with this count until its outcome is known. */
  | { readonly kind: 'seal'; readonly reason: RolloverReason; readonly sealedEntryCount: number }

/** The part of a topic's config that bounds a segment. */
export type SegmentLimits = Pick<TopicConfig, 'segmentEntriesMax' | 'segmentBytesMax' | 'segmentAgeMsMax'>

/** Only the lease holder may seal: a node that lost its lease would seal at a count that others have passed. */
export function decideRollover(tail: TailStatus, limits: SegmentLimits): RolloverDecision {
  if (!tail.leaseHeld) return { kind: 'keep' }
  const reason = rolloverReason(tail, limits)
  if (reason === undefined) return { kind: 'keep' }
  if (!tail.drained) return { kind: 'drain', reason }
  return { kind: 'seal', reason, sealedEntryCount: tail.entryCount }
}

/** An empty segment is never full: the topic state that it starts with may exceed the bytes, and it would roll for ever. */
function rolloverReason(tail: TailStatus, limits: SegmentLimits): RolloverReason | undefined {
  if (tail.entryCount === 0) return undefined
  if (tail.entryCount >= limits.segmentEntriesMax) return 'entries'
  if (tail.sizeBytes >= limits.segmentBytesMax) return 'bytes'
  if (limits.segmentAgeMsMax > 0 && tail.ageMs >= limits.segmentAgeMsMax) return 'age'
  return undefined
}
