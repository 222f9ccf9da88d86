import {
  EMPTY_TOPIC_STATE,
  lastSegment,
  segmentById,
  type LogStorage,
  type SegmentLog,
  type TopicMetadata,
  type TopicState,
} from '@walrus/core'
import { checkSegment, damagedSegment } from './segment-check.js'

/**
 * The log of the topic's open segment: the stored one, or a new one that starts with the topic state at the end of the
 * segment before. The same after a creation, a rollover and a restart. A log that comes back sealed has an interrupted
 * rollover to finish. Throws `CORRUPT_DATA` when storage and metadata disagree.
 */
export function openTail(storage: LogStorage, topic: TopicMetadata): SegmentLog {
  const segment = lastSegment(topic)
  const key = { topic: topic.name, segment: segment.id }
  const stored = storage.segment(key)
  const verdict = checkSegment(segment, stored)
  if (verdict.kind === 'damaged') throw damagedSegment(topic.name, segment.id, verdict.reason)
  const { baseOffset, epoch } = segment
  return stored ?? storage.create({ ...key, baseOffset, epoch, topicState: inheritedState(storage, topic, segment.id) })
}

/** Cursors and producers as the segment before left them. Without it they would start again, so its loss is damage. */
function inheritedState(storage: LogStorage, topic: TopicMetadata, segmentId: number): TopicState {
  const before = segmentById(topic, segmentId - 1)
  if (before === undefined) return EMPTY_TOPIC_STATE
  const stored = storage.segment({ topic: topic.name, segment: before.id })
  const verdict = checkSegment(before, stored)
  if (verdict.kind === 'damaged') throw damagedSegment(topic.name, before.id, verdict.reason)
  return stored?.topicState ?? inheritedState(storage, topic, before.id)
}
