import { majority } from './ack-quorum.js'
import type { NodeId } from './metadata/model.js'

/** When each other node last answered: the moment at which it was asked, on this node's monotonic clock. */
export type Contacts = ReadonlyMap<NodeId, number>

/** Nodes that answered within the last `silenceMs`, and this one. */
export function liveNodes(contacts: Contacts, self: NodeId, nowMs: number, silenceMs: number): ReadonlySet<NodeId> {
  const live = new Set([self])
  for (const [node, contactMs] of contacts) if (nowMs - contactMs <= silenceMs) live.add(node)
  return live
}

/**
 * The newest moment at which a majority of the voters (this one among them, if it is one) is known to have been reachable.
 * A single voter is its own majority: now. Negative infinity when no majority ever answered.
 */
export function quorumContactMs(contacts: Contacts, voters: ReadonlySet<NodeId>, self: NodeId, nowMs: number): number {
  const moments = [...voters].map((voter) => (voter === self ? nowMs : (contacts.get(voter) ?? -Infinity)))
  moments.sort((left, right) => right - left)
  return moments[majority(voters.size) - 1] ?? -Infinity
}
