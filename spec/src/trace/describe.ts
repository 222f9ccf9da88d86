import { lastSegment } from '@walrus/core'
import type { TracedEvent } from './event-shapes.js'
import { newest, newestTopic, type Replay, type ReplayedCopy, type ReplayedSegment } from './replay-state.js'

/** The state around a step, for whoever has to find out what is wrong with it. */
export function describeScene(replay: Replay, event: TracedEvent): readonly string[] {
  const node = replay.nodes.get(event.node)
  const version = `  node ${event.node} has metadata version ${node?.version ?? 'none'} of ${replay.metadata.length - 1}`
  const name =
    'topic' in event ? event.topic : 'command' in event && 'topic' in event.command ? event.command.topic : ''
  const topic = newestTopic(replay, name)
  if (topic === undefined) return [version]
  const id = 'segment' in event ? event.segment : [...topic.segments.keys()].at(-1)
  const segment = topic.segments.get(id ?? 0)
  return segment === undefined ? [version] : [version, ...describeSegment(replay, segment)]
}

function describeSegment(replay: Replay, segment: ReplayedSegment): readonly string[] {
  const { topic, id, createdEpoch, leader, replicas, ackQuorum, log, writer } = segment
  const where = `led by node ${leader} under epoch ${createdEpoch}, on nodes ${replicas.join(', ')}, quorum ${ackQuorum}`
  const extent = `${log.end} records appended (${log.entryCount} entries), ${writer?.committed ?? 0} settled`
  return [
    `  segment ${id} of "${topic}" (${phaseOf(replay, segment)}): ${where}; ${extent}`,
    ...[...segment.copies].map(([node, copy]) => `  node ${node}: ${describeCopy(copy)}`),
  ]
}

function phaseOf(replay: Replay, { topic, id, end }: ReplayedSegment): string {
  if (end !== undefined) return `sealed at ${end}`
  const metadata = newest(replay).topics.get(topic)
  const last = metadata && lastSegment(metadata)
  return last?.id === id ? `${last.state} at epoch ${last.epoch}` : 'deleted'
}

function describeCopy({ taken, stored, fencedEpoch, isRemoved }: ReplayedCopy): string {
  const removal = isRemoved ? ', being removed' : ''
  return `${taken} records taken, ${stored} on stable storage, refuses what is older than epoch ${fencedEpoch}${removal}`
}
