import {
  EMPTY_TOPIC_STATE,
  isOfTopic,
  lastSegment,
  segmentById,
  type SegmentLog,
  type SegmentMetadata,
  type TopicMetadata,
  type TopicState,
} from '@walrus/core'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { storedCopy } from '../stored-copy.js'
import { LocalSegment } from './local-segment.js'
import { checkSegment, damagedSegment } from './segment-check.js'

/**
 * The topic's open segment, which this node leads: over the stored log, or a new one that starts with the topic state at the
 * end of the segment before. The same after a creation, a rollover and a restart. One that comes back sealed has an
 * interrupted rollover to finish. At once where this node has all that it needs, and else when another node has told it, or
 * what is left of a deleted topic with the same name is gone. Throws `CORRUPT_DATA` when storage and metadata disagree.
 */
export function openTail(context: ClusterContext, topic: TopicMetadata): OpenSegment | Promise<OpenSegment> {
  const segment = lastSegment(topic)
  const key = { topic: topic.name, segment: segment.id }
  const stored = context.storage.segment(key)
  if (stored !== undefined && !isOfTopic(topic, stored)) {
    return context.storage.remove(key).then(() => openTail(context, topic))
  }
  const verdict = checkSegment(segment, stored)
  if (verdict.kind === 'damaged') throw damagedSegment(topic.name, segment.id, verdict.reason)
  if (stored !== undefined) return lead(context, segment, stored)
  const state = inheritedState(context, topic, segment.id)
  if (state !== undefined) return create(context, topic, state)
  return context.replication.inheritState(topic).then((inherited) => create(context, topic, inherited))
}

function create(context: ClusterContext, topic: TopicMetadata, topicState: TopicState): OpenSegment {
  const segment = lastSegment(topic)
  const { id, baseOffset, epoch } = segment
  return lead(
    context,
    segment,
    context.storage.create({ topic: topic.name, segment: id, baseOffset, epoch, topicState }),
  )
}

function lead(context: ClusterContext, segment: SegmentMetadata, log: SegmentLog): OpenSegment {
  return segment.replicas.length === 1 ? new LocalSegment(log, context.trace) : context.replication.lead(segment, log)
}

/** Cursors and producers as the segment before left them; undefined when this node has no whole copy of that. */
function inheritedState(context: ClusterContext, topic: TopicMetadata, segmentId: number): TopicState | undefined {
  const before = segmentById(topic, segmentId - 1)
  if (before === undefined) return segmentId === 1 ? EMPTY_TOPIC_STATE : undefined
  const stored = storedCopy(context.storage, { topic: topic.name, segment: before.id }, before)
  if (stored !== undefined && isWhole(before, stored)) return stored.topicState
  if (!isOnlyHere(before, context)) return undefined
  const verdict = checkSegment(before, stored)
  if (verdict.kind === 'damaged') throw damagedSegment(topic.name, before.id, verdict.reason)
  return stored?.topicState ?? inheritedState(context, topic, before.id)
}

/** Then nobody else can tell, and its loss is damage. */
function isOnlyHere({ replicas }: SegmentMetadata, { nodeId }: ClusterContext): boolean {
  return replicas.length === 1 && replicas[0] === nodeId
}

function isWhole(segment: SegmentMetadata, { entryCount, position }: SegmentLog): boolean {
  return entryCount === segment.entryCount && position === segment.entryCount + segment.controlCount
}
