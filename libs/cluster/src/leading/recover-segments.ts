import { isOfTopic, type SegmentLog, type TopicMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { checkSegment } from './segment-check.js'

/**
 * Compares all that is stored with all that metadata says, before anything is written: what was deleted is removed, damage is
 * reported, and a seal that storage has not heard of is recorded. (What belongs to an open segment is decided when its topic is adopted.)
 */
export async function recoverSegments(context: NodeContext): Promise<void> {
  await removeDeleted(context)
  for (const topic of context.metadata.state.topics.values()) await recoverTopic(context, topic)
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

/**
 * What was deleted or trimmed while this node was away: nobody will ask for it, and a new topic of that name must not find it. The
 * metadata is as new as the cluster's by now, so that what it does not know is not yet to come.
 */
async function removeDeleted(context: NodeContext): Promise<void> {
  const { storage, report } = context
  const deleted = [...storage.segments()].filter((log) => isDeleted(context, log))
  if (deleted.length === 0) return
  await Promise.all(deleted.map((log) => storage.remove({ topic: log.topic, segment: log.segment })))
  const entryCount = deleted.reduce((sum, log) => sum + log.entryCount, 0)
  report('info', 'segments were removed that were deleted meanwhile', { segmentCount: deleted.length, entryCount })
}

function isDeleted({ metadata }: NodeContext, log: SegmentLog): boolean {
  const topic = metadata.state.topics.get(log.topic)
  return topic === undefined || !isOfTopic(topic, log)
}
