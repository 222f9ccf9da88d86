import type { ClusterMetadata, NodeId, NodeMetadata } from './model.js'
import { type Applied, applied, type CommandOf, rejected, unchanged } from './outcome.js'

export function upsertNode(state: ClusterMetadata, { node }: CommandOf<'UpsertNode'>): Applied {
  const known = state.nodes.get(node.id)
  if (state.removedNodes.has(node.id)) return rejected(state, 'node-removed', `node ${node.id} was removed`)
  if (known?.identity !== undefined && known.identity !== node.identity) {
    return rejected(state, 'node-taken', `node ${node.id} is another one, at ${known.address}`)
  }
  if (sameNode(known, node)) return unchanged(state)
  return applied({ ...state, nodes: new Map(state.nodes).set(node.id, node) })
}

/** A node that holds a replica stays, so that every replica of every segment is a node with an address. */
export function removeNode(state: ClusterMetadata, { id }: CommandOf<'RemoveNode'>): Applied {
  const known = state.nodes.get(id)
  if (known === undefined) return unchanged(state)
  const held = heldSegments(state, id)
  if (held > 0) return rejected(state, 'node-in-use', `node ${id} is a replica of ${held} segments`)
  const nodes = new Map(state.nodes)
  nodes.delete(id)
  const removedNodes = new Map(state.removedNodes).set(id, { id, address: known.address })
  return applied({ ...state, nodes, removedNodes })
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
  return NODE_FIELDS.every((field) => known[field] === node[field])
}

const NODE_FIELDS = ['address', 'clientAddress', 'identity', 'role', 'draining'] as const
