import { lastSegment, type ConsensusStatus, type NodeId, type NodeMetadata } from '@walrus/core'
import type { ClusterStatusResult, NodeStatus } from '@walrus/protocol'
import type { ClusterContext } from '../node-context.js'

/** The cluster as this node sees it. What only the leader of Raft knows, other nodes leave out. */
export function viewClusterStatus({ nodeId, metadata, liveness }: ClusterContext): ClusterStatusResult {
  const { nodes, topics } = metadata.state
  const status = metadata.status()
  const led = new Map<NodeId, number>()
  const copies = new Map<NodeId, number>()
  for (const topic of topics.values()) {
    add(led, lastSegment(topic).leader)
    for (const { replicas } of topic.segments) for (const replica of replicas) add(copies, replica)
  }
  const live = liveness.live()
  const views = [...nodes.values()]
    .sort((left, right) => left.id - right.id)
    .map((node) => ({
      ...viewNode(node, status),
      live: live.has(node.id),
      segmentsLed: led.get(node.id) ?? 0,
      replicas: copies.get(node.id) ?? 0,
    }))
  const { term, leader } = status
  return { answeredBy: nodeId, term, leader: leader ?? undefined, topicCount: topics.size, nodes: views }
}

function viewNode(node: NodeMetadata, status: ConsensusStatus): Omit<NodeStatus, 'live' | 'segmentsLed' | 'replicas'> {
  const { id, address, role, draining } = node
  const isLeader = status.leader === id
  const raftRole = id === status.id ? status.role : isLeader ? 'Leader' : undefined
  const term = id === status.id || isLeader ? status.term : undefined
  const confirmed = status.replication?.get(id)
  const lag = confirmed === undefined ? undefined : Math.max(0, status.lastLogIndex - confirmed)
  return { id, address, role, draining, raftRole, term, lag }
}

function add(counts: Map<NodeId, number>, node: NodeId): void {
  counts.set(node, (counts.get(node) ?? 0) + 1)
}
