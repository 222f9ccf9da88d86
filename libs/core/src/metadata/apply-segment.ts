import {
  endOffset,
  fenceSegment as fence,
  firstSegment,
  lastSegment,
  nextSegment,
  sealSegment,
  segmentById,
  type SegmentCounts,
} from '../segment.js'
import { replicasFault, unknownReplicaFault } from './invariants.js'
import type { ClusterMetadata, NodeId, SegmentMetadata, TopicMetadata } from './model.js'
import {
  type Applied,
  applied,
  type CommandOf,
  placementRejection,
  rejected,
  type Rejection,
  rejection,
  unchanged,
  unknownTopic,
  withTopic,
} from './outcome.js'

export function sealAndRoll(state: ClusterMetadata, command: CommandOf<'SealAndRoll'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  const segment = segmentById(topic, command.segment)
  if (segment?.state === 'sealed') return repeatedSeal(state, topic, segment, command)
  const placement = { leader: command.nextLeader, replicas: command.nextReplicas }
  const result = lastSegmentRejection(topic, command) ?? placementRejection(state, placement.leader, placement.replicas)
  if (result !== undefined) return { state, result }
  const sealed = sealSegment(lastSegment(topic), command)
  if (!Number.isSafeInteger(endOffset(sealed) + sealed.controlCount)) {
    return rejected(state, 'invalid-command', `offsets would exceed ${Number.MAX_SAFE_INTEGER}`)
  }
  return applied(withTopic(state, withLast(topic, sealed, nextSegment(sealed, placement, topic.config.ack))))
}

/**
 * A recovering segment may be fenced again: a second coordinator takes over, and the seal of the first one is stale.
 * So a command one epoch behind a recovering segment is this fence, repeated, or as good as it.
 */
export function fenceSegment(state: ClusterMetadata, command: CommandOf<'FenceSegment'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  const segment = segmentById(topic, command.segment)
  if (segment?.state === 'recovering' && segment.epoch === command.epoch + 1) return unchanged(state)
  const result = lastSegmentRejection(topic, command)
  if (result !== undefined) return { state, result }
  return applied(withTopic(state, withLast(topic, fence(lastSegment(topic)))))
}

/** The copy that comes is whole before the command is proposed, so the segment never has fewer whole copies than before. */
export function replaceReplicas(state: ClusterMetadata, command: CommandOf<'ReplaceReplicas'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  const segment = segmentById(topic, command.segment)
  const rejected = sealedRejection(segment, command.segment, command.epoch)
  if (segment === undefined || rejected !== undefined)
    return { state, result: rejected ?? unknownSegment(command.segment) }
  if (sameNodes(segment.replicas, command.after)) return unchanged(state)
  const result = replicasRejection(state, segment, command)
  if (result !== undefined) return { state, result }
  const moved = { ...segment, replicas: command.after }
  const segments = topic.segments.map((one) => (one.id === segment.id ? moved : one))
  return applied(withTopic(state, { ...topic, segments }))
}

export function trimTopic(state: ClusterMetadata, command: CommandOf<'TrimTopic'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  if (command.upToSegment < firstSegment(topic).id) return unchanged(state)
  const segment = segmentById(topic, command.upToSegment)
  const result = sealedRejection(segment, command.upToSegment, command.epoch)
  if (result !== undefined) return { state, result }
  const segments = topic.segments.filter((one) => one.id > command.upToSegment)
  return applied(withTopic(state, { ...topic, segments }))
}

/** The compare of the compare-and-set: the command means the last segment, as it is. */
function lastSegmentRejection(
  topic: TopicMetadata,
  expected: { readonly segment: number; readonly epoch: number },
): Rejection | undefined {
  const last = lastSegment(topic)
  if (expected.segment > last.id) return unknownSegment(expected.segment)
  if (expected.segment < last.id) return rejection('stale-segment', `segment ${expected.segment} is sealed`)
  return epochRejection(last, expected.epoch)
}

function epochRejection(segment: SegmentMetadata, epoch: number): Rejection | undefined {
  if (segment.epoch === epoch) return undefined
  return rejection('stale-epoch', `segment ${segment.id} is at epoch ${segment.epoch}, not ${epoch}`)
}

function sealedRejection(segment: SegmentMetadata | undefined, id: number, epoch: number): Rejection | undefined {
  if (segment === undefined) return unknownSegment(id)
  if (segment.state !== 'sealed') return rejection('segment-open', `segment ${segment.id} is ${segment.state}`)
  return epochRejection(segment, epoch)
}

function unknownSegment(id: number): Rejection {
  return rejection('unknown-segment', `segment ${id} does not exist`)
}

function replicasRejection(
  state: ClusterMetadata,
  segment: SegmentMetadata,
  { before, after }: CommandOf<'ReplaceReplicas'>,
): Rejection | undefined {
  if (!sameNodes(segment.replicas, before)) {
    return rejection('stale-replicas', `segment ${segment.id} is on nodes ${segment.replicas.join(', ')}`)
  }
  const fault = replicasFault(after)
  if (fault !== undefined) return rejection('invalid-command', fault)
  const unknown = unknownReplicaFault(after, state)
  return unknown === undefined ? undefined : rejection('unknown-node', unknown)
}

/** The same seal again did no harm; another one comes too late, because a sealed segment never changes. */
function repeatedSeal(
  state: ClusterMetadata,
  topic: TopicMetadata,
  sealed: SegmentMetadata,
  command: CommandOf<'SealAndRoll'>,
): Applied {
  const result = epochRejection(sealed, command.epoch)
  if (result !== undefined) return { state, result }
  if (sealed.entryCount !== command.entryCount || sealed.controlCount !== command.controlCount) {
    const detail = `segment ${sealed.id} was sealed at ${countsText(sealed)}, not ${countsText(command)}`
    return rejected(state, 'count-mismatch', detail)
  }
  if (rolledTo(segmentById(topic, sealed.id + 1), command)) return unchanged(state)
  return rejected(state, 'stale-segment', `segment ${sealed.id} was sealed and rolled to other nodes`)
}

function rolledTo(next: SegmentMetadata | undefined, command: CommandOf<'SealAndRoll'>): boolean {
  if (next?.leader !== command.nextLeader) return false
  return sameNodes(next.replicas, command.nextReplicas)
}

function countsText({ entryCount, controlCount }: SegmentCounts): string {
  return `${entryCount} entries and ${controlCount} control batches`
}

function sameNodes(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index])
}

function withLast(topic: TopicMetadata, ...segments: readonly SegmentMetadata[]): TopicMetadata {
  return { ...topic, segments: [...topic.segments.slice(0, -1), ...segments] }
}
