import type { NodeId, NodeMetadata, SegmentMetadata } from './metadata/model.js'

/** What the choice of other replicas looks at. */
export interface ReplacementView {
  readonly nodes: ReadonlyMap<NodeId, NodeMetadata>
  /** Nodes that answer, and may be given a copy. */
  readonly live: ReadonlySet<NodeId>
  /** Nodes that have not answered for so long that their copies count as lost. */
  readonly dead: ReadonlySet<NodeId>
}

/** A sealed segment gets other replicas. */
export interface Replacement {
  /** The replica that goes: it is dead, leaves the cluster, or is not in it. */
  readonly removed: NodeId
  /** The node that is to have a whole copy first; undefined when there is none to take the place, and needs to be none. */
  readonly added: NodeId | undefined
  readonly after: readonly NodeId[]
}

/**
 * The next replica of a sealed segment that is to be replaced, and by whom; undefined when there is nothing to do, or nobody
 * to do it with. A node takes the place if there is a live one that has no copy, the next one in the order of ids, round. If the
 * cluster has no voter without a copy at all, a replica that leaves just goes; one that is dead stays, since it may come back.
 */
export function planReplacement(
  segment: Pick<SegmentMetadata, 'replicas'>,
  { nodes, live, dead }: ReplacementView,
): Replacement | undefined {
  const { replicas } = segment
  const removed = replicas.find((node) => leaves(nodes.get(node))) ?? replicas.find((node) => dead.has(node))
  if (removed === undefined) return undefined
  const rest = replicas.filter((node) => node !== removed)
  const without = [...nodes.values()].filter((node) => mayHold(node) && !replicas.includes(node.id))
  const added = nextAfter(
    removed,
    without.map(({ id }) => id).filter((id) => live.has(id)),
  )
  if (added !== undefined) return { removed, added, after: replicas.map((node) => (node === removed ? added : node)) }
  const mayShrink = without.length === 0 && rest.length > 0 && leaves(nodes.get(removed))
  return mayShrink ? { removed, added: undefined, after: rest } : undefined
}

function leaves(node: NodeMetadata | undefined): boolean {
  return node === undefined || node.draining
}

function mayHold(node: NodeMetadata): boolean {
  return node.role === 'voter' && !node.draining
}

function nextAfter(node: NodeId, candidates: readonly NodeId[]): NodeId | undefined {
  const ascending = [...candidates].sort((left, right) => left - right)
  return ascending.find((candidate) => candidate > node) ?? ascending[0]
}
