import type { ClusterMetadata, NodeId, NodeMetadata } from './model.js'
import { type Applied, applied, type CommandOf, rejected, unchanged } from './outcome.js'

export function upsertNode(state: ClusterMetadata, { node }: CommandOf<'UpsertNode'>): Applied {
  if (sameNode(state.nodes.get(node.id), node)) return unchanged(state)
  return applied({ ...state, nodes: new Map(state.nodes).set(node.id, node) })
}

/** A node that holds a replica stays, so that every replica of every segment is a node with an address. */
export function removeNode(state: ClusterMetadata, { id }: CommandOf<'RemoveNode'>): Applied {
  if (!state.nodes.has(id)) return unchanged(state)
  const held = heldSegments(state, id)
  if (held > 0) return rejected(state, 'node-in-use', `node ${id} is a replica of ${held} segments`)
  const nodes = new Map(state.nodes)
  nodes.delete(id)
  return applied({ ...state, nodes })
}

function heldSegments(state: ClusterMetadata, id: NodeId): number {
  let held = 0
  for (const topic of state.topics.values()) {
    for (const segment of topic.segments) if (segment.replicas.includes(id)) held++
  }
  return held
}

function sameNode(known: NodeMetadata | undefined, node: NodeMetadata): boolean {
  if (known === undefined) return false
  return known.address === node.address && known.role === node.role && known.draining === node.draining
}
