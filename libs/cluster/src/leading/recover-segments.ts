import { segmentById, type SegmentLog, type SegmentMetadata, type TopicMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { checkSegment } from './segment-check.js'

/**
 * Compares all that is stored with all that metadata says, before anything is written: damage is reported, what is left of a
 * deleted topic in the place of a new one is removed, and a seal that storage has not heard of is recorded. (What belongs to an
 * open segment is decided when its topic is adopted.)
 */
export async function recoverSegments(context: NodeContext): Promise<void> {
  for (const topic of context.metadata.state.topics.values()) await recoverTopic(context, topic)
  for (const log of context.storage.segments()) reportUnknown(context, log)
}

async function recoverTopic(context: NodeContext, topic: TopicMetadata): Promise<void> {
  for (const segment of topic.segments) {
    await removeStranger(context, topic, segment)
    // With other replicas, what this one lacks or has too much is theirs to give and to say.
    if (segment.replicas.length > 1 || !segment.replicas.includes(context.nodeId)) continue
    const key = { topic: topic.name, segment: segment.id }
    const stored = context.storage.segment(key)
    const verdict = checkSegment(segment, stored)
    if (verdict.kind === 'damaged') context.report('error', 'segment is damaged', { ...key, reason: verdict.reason })
    if (verdict.kind === 'to-seal') await stored?.seal()
  }
}

/** A topic was deleted while this node was away, and created again: what is stored here is of the old one. */
async function removeStranger(
  { storage, report }: NodeContext,
  { name: topic }: TopicMetadata,
  { id: segment, createdEpoch }: SegmentMetadata,
): Promise<void> {
  const stored = storage.segment({ topic, segment })
  if (stored === undefined || stored.epoch >= createdEpoch) return
  report('warn', 'a copy of a deleted topic is removed', { topic, segment, entryCount: stored.entryCount })
  await storage.remove({ topic, segment })
}

function reportUnknown({ metadata, report }: NodeContext, log: SegmentLog): void {
  const topic = metadata.state.topics.get(log.topic)
  if (topic !== undefined && segmentById(topic, log.segment) !== undefined) return
  const { segment, entryCount } = log
  report('error', 'a stored segment is in no metadata', { topic: log.topic, segment, entryCount })
}
