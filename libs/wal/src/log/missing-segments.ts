import { WalrusError } from '@walrus/core'
import { START_MARK } from '../reserved-cursors.js'
import type { RecoveredSegment } from './recover-segment.js'
import type { SegmentStart } from './segment-start.js'

/** Entries of a topic that no segment holds, and that nobody has removed. */
export interface MissingSegments {
  readonly topic: string
  /** The segment that should stand here: the one after the last that is there, or the one before the oldest. */
  readonly segment: number
  /** Undefined before the oldest segment: nobody knows where the topic began. */
  readonly fromOffset: number | undefined
  readonly toOffset: number
}

/**
 * Where whole segments are missing. What is missing at the end of a segment right before another is damage of that segment, and
 * not told here. The oldest says whether something stood before it that was not durable, and was never removed.
 * @param segments ascending
 */
export function* missingSegments(segments: readonly RecoveredSegment[]): Generator<MissingSegments> {
  let before: RecoveredSegment | undefined
  for (const one of segments) {
    if (!one.start) continue
    const missing = before ? missingBetween(before, one.start) : missingBefore(one, one.start, segments)
    if (missing) yield missing
    before = one
  }
}

/** How it is reported. */
export function missingError({ topic, fromOffset, toOffset }: MissingSegments): WalrusError {
  const what = fromOffset === undefined ? 'the beginning' : `offset ${fromOffset}`
  return new WalrusError('CORRUPT_DATA', `Cannot read ${what} of topic "${topic}": ${missingReason(toOffset)}`)
}

export function missingReason(toOffset: number): string {
  return `entries up to offset ${toOffset} are missing, with the segments that held them`
}

/** Where a segment ends by what is known of it: one without entries leaves nothing on disk, so only offsets tell. */
export function knownEnd({ start, used }: RecoveredSegment): number {
  const sealed = used.find(({ found }) => found.slot.state === 'sealed')
  return (start?.baseOffset ?? 0) + (sealed?.found.slot.knownEndIndex ?? start?.entryCount ?? 0)
}

function missingBetween(before: RecoveredSegment, next: SegmentStart): MissingSegments | undefined {
  const { topic, segment, baseOffset } = next
  const absentSegment = (before.start?.segment ?? 0) + 1
  const fromOffset = knownEnd(before)
  if (baseOffset <= fromOffset || segment <= absentSegment) return undefined
  return { topic, segment: absentSegment, fromOffset, toOffset: baseOffset }
}

function missingBefore(
  { used }: RecoveredSegment,
  { topic, segment, baseOffset }: SegmentStart,
  segments: readonly RecoveredSegment[],
): MissingSegments | undefined {
  const first = used[0]?.found.slot
  if (baseOffset === 0 || !first?.beginsSegment || first.followsDurable) return undefined
  const newest = segments.findLast(({ start }) => start !== undefined)?.start
  if ((newest?.topicState.cursors.get(START_MARK) ?? 0) >= baseOffset) return undefined
  return { topic, segment: segment - 1, fromOffset: undefined, toOffset: baseOffset }
}
