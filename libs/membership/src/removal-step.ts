import type { NodeId, NodeMetadata } from '@walrus/core'
import type { ClusterView } from './admission-step.js'

/** What is to be done next to take a node out; each step leads to a view in which the next one is due. */
export type RemovalStep =
  | { readonly kind: 'refuse'; readonly code: 'INVALID_ARGUMENT' | 'NODE_IN_USE'; readonly reason: string }
  /** It is given no new segment from now on. */
  | { readonly kind: 'drain'; readonly node: NodeMetadata }
  /** It takes no part in decisions any more. */
  | { readonly kind: 'remove-member' }
  /** Its address is forgotten, its id is never used again. */
  | { readonly kind: 'remove-node' }
  | { readonly kind: 'done' }

/** The next step. Repeating it does no harm; a node that is out is `done`. */
export function nextRemovalStep(view: ClusterView, nodeId: NodeId): RemovalStep {
  const { metadata, voters, learners } = view
  const known = metadata.nodes.get(nodeId)
  const isMember = voters.includes(nodeId) || learners.includes(nodeId)
  if (known === undefined && !isMember) {
    if (metadata.removedNodes.has(nodeId)) return { kind: 'done' }
    return { kind: 'refuse', code: 'INVALID_ARGUMENT', reason: 'the cluster does not know it' }
  }
  const obstacle = obstacleOf(view, nodeId)
  if (obstacle !== undefined) return { kind: 'refuse', code: 'NODE_IN_USE', reason: obstacle }
  if (known?.draining === false) return { kind: 'drain', node: { ...known, draining: true } }
  return { kind: isMember ? 'remove-member' : 'remove-node' }
}

function obstacleOf({ metadata, voters }: ClusterView, nodeId: NodeId): string | undefined {
  if (voters.every((voter) => voter === nodeId) && voters.length > 0) return 'it is the only voter'
  let held = 0
  for (const topic of metadata.topics.values()) {
    for (const { replicas } of topic.segments) if (replicas.includes(nodeId)) held += 1
  }
  return held === 0 ? undefined : `it holds replicas of ${held} segments: drain it first`
}
