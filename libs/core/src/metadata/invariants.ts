import { endOffset, endPosition } from '../segment.js'
import type { ClusterMetadata, NodeId, SegmentMetadata, TopicMetadata } from './model.js'

/** What is wrong with a state whose fields are each valid: the invariants of the model, in words; undefined if all hold. */
export function stateFault(state: ClusterMetadata): string | undefined {
  for (const id of state.removedNodes.keys()) if (state.nodes.has(id)) return `node ${id} is there, and was removed`
  for (const topic of state.topics.values()) {
    const fault = topicFault(topic, state)
    if (fault !== undefined) return `topic "${topic.name}": ${fault}`
  }
  return undefined
}

function topicFault(topic: TopicMetadata, state: ClusterMetadata): string | undefined {
  if (topic.segments.length === 0) return 'it has no segment'
  let previous: SegmentMetadata | undefined
  for (const segment of topic.segments) {
    const fault = orderFault(previous, segment) ?? segmentFault(segment, state)
    if (fault !== undefined) return `segment ${segment.id}: ${fault}`
    previous = segment
  }
  return previous?.state === 'sealed' ? 'its last segment is sealed' : undefined
}

function orderFault(previous: SegmentMetadata | undefined, segment: SegmentMetadata): string | undefined {
  if (previous === undefined) return segment.id === 1 && segment.baseOffset !== 0 ? 'offsets start at 0' : undefined
  if (previous.state !== 'sealed') return 'the segment before it is not sealed'
  if (segment.id !== previous.id + 1) return `segment ${previous.id + 1} is missing`
  if (segment.baseOffset !== endOffset(previous)) return `the segment before it ends at offset ${endOffset(previous)}`
  if (segment.createdEpoch <= previous.epoch) return 'its epoch is not above the one before'
  return undefined
}

function segmentFault(segment: SegmentMetadata, state: ClusterMetadata): string | undefined {
  if (segment.epoch > state.version) return 'its epoch is ahead of the version'
  if (segment.epoch < segment.createdEpoch) return 'its epoch is below the one under which it was created'
  if (segment.state !== 'sealed' && endPosition(segment) !== 0) return 'it has a count and is not sealed'
  if (!Number.isSafeInteger(endOffset(segment) + segment.controlCount)) return 'its offsets are too large'
  const replicas = segment.replicas
  if (segment.state !== 'sealed' && segment.ackQuorum > replicas.length) return 'its quorum exceeds its replicas'
  const leader = segment.state === 'sealed' ? undefined : segment.leader
  return replicasFault(replicas, leader) ?? unknownReplicaFault(replicas, state)
}

/** Why these nodes cannot be the replicas of a segment (that this node leads), whichever nodes exist. */
export function replicasFault(replicas: readonly NodeId[], leader?: NodeId): string | undefined {
  if (replicas.length === 0) return 'there are no replicas'
  if (leader !== undefined && !replicas.includes(leader)) return `the replicas lack the leader, node ${leader}`
  if (new Set(replicas).size !== replicas.length) return 'the replicas repeat a node'
  return undefined
}

/** Which of these nodes does not exist. */
export function unknownReplicaFault(replicas: readonly NodeId[], state: ClusterMetadata): string | undefined {
  const unknown = replicas.find((id) => !state.nodes.has(id))
  return unknown === undefined ? undefined : `node ${unknown} is unknown`
}
