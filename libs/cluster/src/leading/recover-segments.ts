import { segmentById, type SegmentLog, type TopicMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { checkSegment } from './segment-check.js'

/**
 * Compares all that is stored with all that metadata says, before anything is written: damage is reported, and a seal that
 * storage has not heard of is recorded. (What belongs to an open segment is decided when its topic is adopted.)
 */
export async function recoverSegments(context: NodeContext): Promise<void> {
  for (const topic of context.metadata.state.topics.values()) await recoverTopic(context, topic)
  for (const log of context.storage.segments()) reportUnknown(context, log)
}

async function recoverTopic(context: NodeContext, topic: TopicMetadata): Promise<void> {
  for (const segment of topic.segments) {
    // With other replicas, what this one lacks or has too much is theirs to give and to say.
    if (segment.replicas.length > 1 || !segment.replicas.includes(context.nodeId)) continue
    const key = { topic: topic.name, segment: segment.id }
    const stored = context.storage.segment(key)
    const verdict = checkSegment(segment, stored)
    if (verdict.kind === 'damaged') context.report('error', 'segment is damaged', { ...key, reason: verdict.reason })
    if (verdict.kind === 'to-seal') await stored?.seal()
  }
}

function reportUnknown({ metadata, report }: NodeContext, log: SegmentLog): void {
  const topic = metadata.state.topics.get(log.topic)
  if (topic !== undefined && segmentById(topic, log.segment) !== undefined) return
  const { segment, entryCount } = log
  report('error', 'a stored segment is in no metadata', { topic: log.topic, segment, entryCount })
}
