import type { RecoveredSegment } from '../log/recover-segment.js'
import { knownEnd, missingReason, missingSegments, type MissingSegments } from '../log/missing-segments.js'
import type { SegmentStart } from '../log/segment-start.js'
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
  for (const missing of missingSegments(segments)) yield missingFinding(missing)
  let before: RecoveredSegment | undefined
  for (const segment of segments) {
    if (before && segment.start) yield* overlap(before, segment.start)
    yield* verifySegment(segment, check)
    if (segment.start) before = segment
  }
}

function missingFinding({ topic, segment, fromOffset, toOffset }: MissingSegments): Finding {
  const what = missingReason(toOffset)
  if (fromOffset === undefined) return damage('missing', { topic, segment }, what)
  return damage('missing', { topic, segment, offset: fromOffset, entryCount: toOffset - fromOffset }, what)
}

/** A segment starts where the one before ends. */
function* overlap(before: RecoveredSegment, { topic, segment, baseOffset }: SegmentStart): Generator<Finding> {
  const endOffset = knownEnd(before)
  if (baseOffset >= endOffset) return
  const what = `segment ${segment} starts at offset ${baseOffset}, segment ${before.start?.segment} ends at ${endOffset}`
  yield damage('conflict', { topic, segment, offset: baseOffset, entryCount: endOffset - baseOffset }, what)
}
