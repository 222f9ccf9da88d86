import type { ClusterMetadata, NodeId, NodeMetadata } from '@walrus/core'
import type { AdmissionRequest } from '@walrus/protocol'

/** The cluster as its leader knows it. */
export interface ClusterView {
  readonly clusterId: string
  readonly metadata: ClusterMetadata
  /** Of all configurations that are in force. */
  readonly voters: readonly NodeId[]
  readonly learners: readonly NodeId[]
}

/** What is to be done next for a node that asks; each step leads to a view in which the next one is due. */
export type AdmissionStep =
  /** For good: asking again leads to the same. */
  | { readonly kind: 'refuse'; readonly reason: string }
  /** The metadata is to know it, so. Before Raft does: the others find it by its address. */
  | { readonly kind: 'announce'; readonly node: NodeMetadata }
  | { readonly kind: 'add-learner' }
  /** It must get something of the log, and then ask again: a vote that was never heard from can stop a small cluster. */
  | { readonly kind: 'wait' }
  /** When it lags no more than Raft allows. */
  | { readonly kind: 'promote' }
  /** It is a voter, and known as what it is. */
  | { readonly kind: 'done' }

/** The next step towards making the node a voter. Repeating a request, or a step, does no harm. */
export function nextAdmissionStep(view: ClusterView, request: AdmissionRequest): AdmissionStep {
  const reason = refusalOf(view, request) ?? presentRefusalOf(view, request)
  if (reason !== undefined) return { kind: 'refuse', reason }
  const votes = view.voters.includes(request.nodeId)
  const known = view.metadata.nodes.get(request.nodeId)
  const node = nodeOf(request, known, votes ? 'voter' : 'learner')
  if (!sameNode(known, node)) return { kind: 'announce', node }
  if (votes) return { kind: 'done' }
  if (!view.learners.includes(request.nodeId)) return { kind: 'add-learner' }
  return { kind: request.hasLog ? 'promote' : 'wait' }
}

/** Why the node is not taken, now and for ever; undefined: it is. Any member may say so, for none of it is ever undone. */
export function refusalOf(view: ClusterView, request: AdmissionRequest): string | undefined {
  const { clusterId, metadata } = view
  const { nodeId, identity } = request
  if (request.clusterId !== '' && request.clusterId !== clusterId) {
    return `it belongs to cluster "${request.clusterId}", and this is cluster "${clusterId}"`
  }
  if (metadata.removedNodes.has(nodeId)) return 'it was removed, and an id is used once: join with another one'
  const known = metadata.nodes.get(nodeId)
  if (known?.identity !== undefined && known.identity !== identity) {
    return `the id belongs to another node, at ${known.address}`
  }
  return undefined
}

/** Why the node is not taken as things are. Only the leader can say so: others may not know yet that a node has left or moved. */
function presentRefusalOf({ metadata, voters, learners }: ClusterView, request: AdmissionRequest): string | undefined {
  const { nodeId, address, hasLog } = request
  const neighbour = [...metadata.nodes.values()].find((node) => node.address === address && node.id !== nodeId)
  if (neighbour !== undefined) return `its address ${address} is that of node ${neighbour.id}`
  if (!hasLog || voters.includes(nodeId) || learners.includes(nodeId)) return undefined
  return metadata.nodes.has(nodeId) ? 'it is being removed' : 'it holds a log, and the cluster does not know it'
}

function nodeOf(
  { nodeId: id, address, clientAddress, identity }: AdmissionRequest,
  known: NodeMetadata | undefined,
  role: NodeMetadata['role'],
): NodeMetadata {
  const clients = clientAddress === '' ? known?.clientAddress : clientAddress
  const draining = known?.draining ?? false
  return { id, address, ...(clients !== undefined && { clientAddress: clients }), identity, role, draining }
}

function sameNode(known: NodeMetadata | undefined, node: NodeMetadata): boolean {
  return (
    known !== undefined &&
    known.address === node.address &&
    known.clientAddress === node.clientAddress &&
    known.identity === node.identity &&
    known.role === node.role
  )
}
