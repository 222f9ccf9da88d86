import type { ClusterStatusResult, NodeStatus } from '@walrus/protocol'
import type { ClusterStatusView, NodeStatusView } from '../administration/cluster-status.js'

/** The cluster's status as clients are told it. */
export function clusterStatusResult(view: ClusterStatusView, topicCount: number): ClusterStatusResult {
  const { node: answeredBy, term, leader, nodes } = view
  return { answeredBy, term, leader: leader ?? undefined, topicCount, nodes: nodes.map(nodeStatus) }
}

function nodeStatus(node: NodeStatusView): NodeStatus {
  const { id, address, membership, draining, live } = node
  return {
    id,
    address,
    clientAddress: node.client_address ?? undefined,
    role: membership,
    raftRole: node.role ?? undefined,
    term: node.term ?? undefined,
    draining,
    live,
    ready: node.ready ?? undefined,
    diskFull: node.disk_full ?? undefined,
    segmentsLed: node.segments_led,
    replicas: node.segments_held,
    lag: node.lag ?? undefined,
  }
}
