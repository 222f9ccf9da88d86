import type { SegmentMetadata, TopicMetadata } from './metadata/model.js'
import { firstSegment, lastSegment, segmentAtOffset, segmentById } from './segment.js'

/** A read position in a topic, in segments: the same as the topic offset of the next entry to deliver. */
export interface Cursor {
  /** From 1. */
  readonly segment: number
  /** Entries of the segment before the position. Invariant: at most the segment's entries. */
  readonly delivered: number
}

/** Where the next read of a topic is. */
export interface ReadPosition {
  /** The segment to read. Sealed: it has the entry. Not sealed: the entry is there once it is committed. */
  readonly segment: SegmentMetadata
  /** Index of the entry in the segment. */
  readonly index: number
  /** Topic offset of the entry: the one asked for, or the oldest that retention left. */
  readonly offset: number
}

/**
 * Where to read for `offset` (an integer from 0): empty segments are skipped, and what was trimmed too.
 * An offset past the end is in the last segment, at an index that does not exist yet.
 */
export function nextRead(topic: TopicMetadata, offset: number): ReadPosition {
  const segment = segmentAtOffset(topic, offset)
  const reachable = Math.max(offset, segment.baseOffset)
  return { segment, index: reachable - segment.baseOffset, offset: reachable }
}

/** The cursor of `offset`; at the end of a sealed segment, the start of the next one that is not empty (or of the last). */
export function cursorOf(topic: TopicMetadata, offset: number): Cursor {
  const { segment, index } = nextRead(topic, offset)
  return { segment: segment.id, delivered: index }
}

/**
 * The topic offset of a cursor. In a trimmed segment: the oldest offset there is. In a segment that does not exist yet, or
 * beyond the count of a sealed one: the nearest offset before it, so that nothing is skipped.
 */
export function offsetOf(topic: TopicMetadata, cursor: Cursor): number {
  const segment = segmentById(topic, cursor.segment)
  if (segment !== undefined) return segment.baseOffset + deliverable(segment, cursor.delivered)
  const nearest = cursor.segment < firstSegment(topic).id ? firstSegment(topic) : lastSegment(topic)
  return nearest.baseOffset
}

function deliverable(segment: SegmentMetadata, delivered: number): number {
  return segment.state === 'sealed' ? Math.min(delivered, segment.entryCount) : delivered
}
