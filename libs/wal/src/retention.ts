import { WalrusError } from '@walrus/core'

/** What a topic keeps; whole sealed segments go, the oldest first. Without a bound everything is kept. */
export interface RetentionPolicy {
  /** Entries older than this may go. */
  readonly ageMs?: number
  /** Keep about this much at most, on disk, framing included. */
  readonly bytes?: number
  /** Entries that every cursor of the topic has passed may go; a topic without cursors keeps everything. */
  readonly consumed?: boolean
}

/** A segment as the decision sees it. */
export interface RetainedSegment {
  readonly sizeBytes: number
  readonly lastAppendMs: number
  /** Offset after its last entry. */
  readonly endOffset: number
}

/** What the decision depends on besides the policy. */
export interface RetentionMoment {
  readonly nowMs: number
  /** The least position of all cursors; undefined where there are none. */
  readonly consumedOffset: number | undefined
  /** Entries before it were given up by `truncateBefore`. */
  readonly startOffset: number
  /** Bytes of the open segment, which never goes. */
  readonly openBytes: number
}

/** How many of the sealed segments go, from the oldest on. Invariant: none goes before an older one. */
export function countExpired(
  sealed: readonly RetainedSegment[],
  policy: RetentionPolicy,
  moment: RetentionMoment,
): number {
  let keptBytes = moment.openBytes + sealed.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  let count = 0
  for (const segment of sealed) {
    if (!isExpired(segment, keptBytes, policy, moment)) break
    keptBytes -= segment.sizeBytes
    count++
  }
  return count
}

/** Segments must be small beside what is kept, or the bound on bytes would mean little. */
export function segmentBytesUnder(policy: RetentionPolicy, segmentBytesMax: number): number {
  if (policy.bytes === undefined) return segmentBytesMax
  return Math.max(1, Math.min(segmentBytesMax, Math.ceil(policy.bytes / SEGMENTS_KEPT)))
}

/** Throws `INVALID_ARGUMENT` on a bound that is no bound. */
export function checkRetention(policy: RetentionPolicy): RetentionPolicy {
  for (const [name, value] of [
    ['ageMs', policy.ageMs],
    ['bytes', policy.bytes],
  ] as const) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue
    throw new WalrusError('INVALID_ARGUMENT', `Cannot keep ${name} ${value}: not a number above 0`)
  }
  return policy
}

const SEGMENTS_KEPT = 16

function isExpired(
  segment: RetainedSegment,
  keptBytes: number,
  policy: RetentionPolicy,
  { nowMs, consumedOffset, startOffset }: RetentionMoment,
): boolean {
  if (segment.endOffset <= startOffset) return true
  if (policy.ageMs !== undefined && nowMs - segment.lastAppendMs >= policy.ageMs) return true
  if (policy.bytes !== undefined && keptBytes > policy.bytes) return true
  return policy.consumed === true && consumedOffset !== undefined && segment.endOffset <= consumedOffset
}
