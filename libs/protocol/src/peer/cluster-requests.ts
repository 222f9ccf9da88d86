/**
 * The questions that nodes of a cluster ask each other, by the `kind` of their request frame (spec/peer-format.md). 1 to 15
 * belong to membership.
 */
export const CLUSTER_REQUESTS = {
  /** A stretch of a segment's log, from its leader to a replica. */
  replicate: 16,
  /** A newer epoch of a segment; the answer says how long the copy is. */
  fence: 17,
  /** Batches of a copy, from a position on. */
  fetchBatches: 18,
  /** Complete your copy of a segment from another node. */
  copySegment: 19,
  /** Whether a copy of a sealed segment is whole, and the topic's state at its end. */
  wholeCopy: 20,
  /** Entries to append, to the leader of the topic's open segment. */
  append: 32,
  /** The next entries at the topic's shared cursor, from the leader of its open segment. */
  take: 33,
  /** Committed entries of a segment, from a node that has a copy. */
  read: 34,
  /** Are you there? */
  heartbeat: 35,
  /** What operators ask, as JSON. */
  administer: 36,
} as const
