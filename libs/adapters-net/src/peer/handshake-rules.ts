import type { Hello, PeerPurpose, Refusal, RefusalCause, Welcome } from '@walrus/protocol'
import type { NodeId } from '@walrus/raft'
import type { PeerIdentity } from './peer-context.js'

/** Why a connection from outside is not taken; undefined: it is. */
export function refusalOf(hello: Hello, self: Readonly<PeerIdentity>): Refusal | undefined {
  if (self.clusterId === '' && hello.purpose !== 'request') return refusal('joining', 'this node is of no cluster yet')
  if (!sameCluster(hello.purpose, hello.clusterId, self.clusterId)) {
    return refusal('cluster', clusterReason(self.clusterId, hello.clusterId))
  }
  if (hello.expectedNodeId !== 0 && hello.expectedNodeId !== self.nodeId) {
    return refusal('node', `this is node ${self.nodeId}, not node ${hello.expectedNodeId}`)
  }
  // Who joins may have an id that is taken: it is told so when it has asked.
  const joins = hello.purpose === 'request' && hello.clusterId === ''
  if (hello.nodeId === self.nodeId && !joins) return refusal('node', `this is node ${self.nodeId} itself`)
  if (hello.nodeId === 0 && hello.purpose !== 'request') return refusal('node', 'a node without an id may only ask')
  return undefined
}

/** What a dialling node expects. */
export interface DialExpectation {
  readonly purpose: PeerPurpose
  /** 0: whoever listens there. */
  readonly nodeId: NodeId
}

/** Why the node that has answered is not to be talked to: it is of another cluster, or another node; undefined: it is. */
export function mistakenPeer(
  welcome: Welcome,
  { purpose, nodeId }: DialExpectation,
  self: Readonly<PeerIdentity>,
): Omit<Refusal, 'kind'> | undefined {
  if (!sameCluster(purpose, welcome.clusterId, self.clusterId)) {
    return { cause: 'cluster', reason: clusterReason(welcome.clusterId, self.clusterId) }
  }
  if (nodeId !== 0 && welcome.nodeId !== nodeId) {
    return { cause: 'node', reason: `node ${welcome.nodeId} listens there, not node ${nodeId}` }
  }
  return undefined
}

/** A node that belongs to no cluster yet may ask, and be asked: that is how it comes to one. */
function sameCluster(purpose: PeerPurpose, one: string, other: string): boolean {
  if (one === '' || other === '') return purpose === 'request'
  return one === other
}

function clusterReason(theirs: string, ours: string): string {
  return `this node is of ${named(theirs)}, not of ${named(ours)}`
}

function named(clusterId: string): string {
  return clusterId === '' ? 'no cluster' : `cluster "${clusterId}"`
}

function refusal(cause: RefusalCause, reason: string): Refusal {
  return { kind: 'refusal', cause, reason }
}
