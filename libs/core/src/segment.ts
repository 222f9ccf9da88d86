import { ackQuorum } from './ack-quorum.js'
import { assert } from './errors.js'
import type { AckPolicy, NodeId, SegmentMetadata, TopicMetadata } from './metadata/model.js'

/** The topic's newest segment: the only one that is not sealed. */
export function lastSegment(topic: TopicMetadata): SegmentMetadata {
  const last = topic.segments.at(-1)
  assert(last !== undefined, `topic "${topic.name}" has a segment`)
  return last
}

/** The topic's oldest segment that retention left. */
export function firstSegment(topic: TopicMetadata): SegmentMetadata {
  const first = topic.segments[0]
  assert(first !== undefined, `topic "${topic.name}" has a segment`)
  return first
}

/** The segment with that id; undefined when it was trimmed, or is yet to come. */
export function segmentById(topic: TopicMetadata, id: number): SegmentMetadata | undefined {
  return topic.segments[id - firstSegment(topic).id]
}

/**
 * Whether a copy of that segment, created under that epoch, is of this topic and may still be needed: not when it is of a deleted topic
 * with the same name, nor when retention has given the segment up.
 */
export function isOfTopic(topic: TopicMetadata, copy: { readonly segment: number; readonly epoch: number }): boolean {
  return copy.epoch >= (segmentById(topic, copy.segment) ?? firstSegment(topic)).createdEpoch
}

/**
 * The segment in which the entry at `offset` is or will be. What was trimmed is taken for the oldest entry there is,
 * and everything past the sealed segments is in the last one. Takes logarithmic time.
 */
export function segmentAtOffset(topic: TopicMetadata, offset: number): SegmentMetadata {
  const { segments } = topic
  const reachable = Math.max(offset, firstSegment(topic).baseOffset)
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (baseOffsetAt(segments, middle) <= reachable) low = middle
    else high = middle - 1
  }
  return segments[low] ?? lastSegment(topic)
}

/** Topic offset after the segment's last entry. Exact for a sealed segment; its base offset before. */
export function endOffset(segment: SegmentMetadata): number {
  return segment.baseOffset + segment.entryCount
}

/** A topic's segment 1. */
export function createSegment(placement: SegmentPlacement, epoch: number, ack: AckPolicy): SegmentMetadata {
  return openSegment(1, 0, placement, epoch, ack)
}

/** The segment after a fence: nobody who held an older epoch may write or seal it. */
export function fenceSegment(segment: SegmentMetadata): SegmentMetadata {
  return { ...segment, epoch: segment.epoch + 1, state: 'recovering' }
}

/** The segment with its final counts. */
export function sealSegment(segment: SegmentMetadata, counts: SegmentCounts): SegmentMetadata {
  return { ...segment, state: 'sealed', entryCount: counts.entryCount, controlCount: counts.controlCount }
}

/** The open segment that follows a sealed one. Its epoch is greater, so that epochs ascend over the whole topic. */
export function nextSegment(sealed: SegmentMetadata, placement: SegmentPlacement, ack: AckPolicy): SegmentMetadata {
  return openSegment(sealed.id + 1, endOffset(sealed), placement, sealed.epoch + 1, ack)
}

/** How much a segment holds: what makes two copies of it the same, since each is a prefix of what its leader wrote. */
export type SegmentCounts = Pick<SegmentMetadata, 'entryCount' | 'controlCount'>

/** The position behind the last record of a log with those counts: every entry is a record, and every control batch. */
export function endPosition(counts: SegmentCounts): number {
  return counts.entryCount + counts.controlCount
}

/** Who leads a segment and who holds copies of it. */
export interface SegmentPlacement {
  readonly leader: NodeId
  /** Invariant: contains the leader; no duplicates. */
  readonly replicas: readonly NodeId[]
}

function openSegment(
  id: number,
  baseOffset: number,
  placement: SegmentPlacement,
  epoch: number,
  ack: AckPolicy,
): SegmentMetadata {
  const quorum = ackQuorum(placement.replicas.length, ack)
  const epochs = { epoch, createdEpoch: epoch }
  return { id, baseOffset, ...placement, ...epochs, state: 'open', ackQuorum: quorum, entryCount: 0, controlCount: 0 }
}

function baseOffsetAt(segments: readonly SegmentMetadata[], index: number): number {
  return segments[index]?.baseOffset ?? Number.POSITIVE_INFINITY
}
