import type { NodeId } from '@walrus/core'
import type { ClusterView } from './admission-step.js'

/** What is to be done next to take a node out; each step leads to a view in which the next one is due. */
export type RemovalStep =
  | { readonly kind: 'refuse'; readonly code: 'INVALID_ARGUMENT' | 'NODE_IN_USE'; readonly reason: string }
  /** Its id is never used again, and no segment is placed on it; rejected when one was placed meanwhile. */
  | { readonly kind: 'remove-node' }
  /** It takes no part in decisions any more. Not before: a node that holds something must not be put out. */
  | { readonly kind: 'remove-member' }
  | { readonly kind: 'done' }

/** The next step. Repeating it does no harm; a node that is out is `done`. */
export function nextRemovalStep(view: ClusterView, nodeId: NodeId): RemovalStep {
  const { metadata, voters, learners } = view
  const isKnown = metadata.nodes.has(nodeId)
  const isMember = voters.includes(nodeId) || learners.includes(nodeId)
  if (!isKnown && !isMember) {
    if (metadata.removedNodes.has(nodeId)) return { kind: 'done' }
    return { kind: 'refuse', code: 'INVALID_ARGUMENT', reason: 'the cluster does not know it' }
  }
  const obstacle = obstacleOf(view, nodeId)
  if (obstacle !== undefined) return { kind: 'refuse', code: 'NODE_IN_USE', reason: obstacle }
  return { kind: isKnown ? 'remove-node' : 'remove-member' }
}

/** Members of Raft that were removed: whoever took them out did not come to the end of it. */
export function halfRemoved({ metadata, voters, learners }: ClusterView): readonly NodeId[] {
  return [...voters, ...learners].filter((id) => metadata.removedNodes.has(id))
}

function obstacleOf({ metadata, voters }: ClusterView, nodeId: NodeId): string | undefined {
  if (voters.every((voter) => voter === nodeId) && voters.length > 0) return 'it is the only voter'
  let held = 0
  for (const topic of metadata.topics.values()) {
    for (const { replicas } of topic.segments) if (replicas.includes(nodeId)) held += 1
  }
  return held === 0 ? undefined : `it holds replicas of ${held} segments: drain it first`
}
