import type { NodeId } from '@walrus/core'

/** Who is alive, as far as this node can tell. Times are of its monotonic clock. */
export interface LivenessView {
  /** Nodes that answered lately, and this one; a node that could not have answered yet counts as one that did. */
  live(): ReadonlySet<NodeId>
  /** Those of them that may be given new segments: neither about to stop nor with a full disk. */
  placeable(): ReadonlySet<NodeId>
  /** How long the node has not answered; counted from when this node could first have heard it. 0 for this node. */
  silentMs(node: NodeId): number
  /**
   * When a majority of the voters was last known to be reachable: the moment at which they were asked. The only voter is its
   * own majority: now.
   */
  quorumContactMs(): number
}
