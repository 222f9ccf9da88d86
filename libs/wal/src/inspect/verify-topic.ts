import type { RecoveredSegment } from '../log/recover-segment.js'
import { damage, type Finding } from './finding.js'
import { verifySegment, type SegmentCheck } from './verify-segment.js'

/**
 * Reads all segments of a topic, and tells everything that is wrong with them and between them.
 * @param segments ascending
 */
export async function* verifyTopic(
  segments: readonly RecoveredSegment[],
  check: SegmentCheck,
): AsyncGenerator<Finding, void, void> {
  let before: RecoveredSegment | undefined
  for (const segment of segments) {
    if (before && segment.start) yield* between(before, segment)
    yield* verifySegment(segment, check)
    if (segment.start) before = segment
  }
}

/**
 * A segment starts where the one before ends. One without entries leaves nothing on disk, so only offsets tell what is missing;
 * what is missing at the end of the segment right before is found there.
 */
function* between(before: RecoveredSegment, { start }: RecoveredSegment): Generator<Finding> {
  if (!before.start || !start) return
  const { topic, segment, baseOffset } = start
  const endOffset = before.start.baseOffset + sealedEnd(before)
  const absentSegment = before.start.segment + 1
  if (baseOffset < endOffset) {
    const what = `segment ${segment} starts at offset ${baseOffset}, segment ${before.start.segment} ends at ${endOffset}`
    yield damage('conflict', { topic, segment, offset: baseOffset, entryCount: endOffset - baseOffset }, what)
  } else if (baseOffset > endOffset && segment > absentSegment) {
    const place = { topic, segment: absentSegment, offset: endOffset, entryCount: baseOffset - endOffset }
    yield damage('missing', place, `entries up to offset ${baseOffset} are missing, with the segments that held them`)
  }
}

function sealedEnd({ start, used }: RecoveredSegment): number {
  const sealed = used.find(({ found }) => found.slot.state === 'sealed')
  return sealed?.found.slot.knownEndIndex ?? start?.entryCount ?? 0
}
