/** A positive integer chosen by the operator. */
export type NodeId = number

/** One segment of a topic, as all nodes agree on it. */
export interface SegmentMetadata {
  /** From 1. Invariant: a topic's segments are contiguous, ascending; only the last is not sealed. */
  readonly id: number
  /** Topic offset of its first entry. Invariant: the base offset of the segment before plus its entry count. */
  readonly baseOffset: number
  /** The one node that may ever write it. Invariant: never changes. */
  readonly leader: NodeId
  /** Invariant: not empty, no duplicates; contains the leader until the segment is sealed. */
  readonly replicas: readonly NodeId[]
  /**
   * Fencing number, from 1. Invariant: never shrinks; ascends over a topic's segments; (topic, segment, epoch) names one
   * state of one segment for ever, even when the topic is deleted and created again.
   */
  readonly epoch: number
  /**
   * The epoch under which it was opened, and under which each copy of it is created. Invariant: never changes; greater than any
   * epoch of a deleted topic with the same name, so a copy of that one is told by it.
   */
  readonly createdEpoch: number
  readonly state: 'open' | 'recovering' | 'sealed'
  /** Copies that an acknowledgement needs, fixed when the segment is opened. From 1 to the number of replicas. */
  readonly ackQuorum: number
  /** Exact when sealed, and never changed after; 0 before. */
  readonly entryCount: number
  /** Control batches, as `entryCount`: a copy is whole when it has both. */
  readonly controlCount: number
}

/** How many copies of an entry must be durable before it is acknowledged: the leader's, a majority, or every one. */
export type AckPolicy = 'leader' | 'quorum' | 'all'

/** What a topic's owner chooses. Each number is an integer. */
export interface TopicConfig {
  /** Entries after which the open segment is sealed. */
  readonly segmentEntriesMax: number
  /** Bytes on disk after which the open segment is sealed. */
  readonly segmentBytesMax: number
  /** 0: age is no reason. */
  readonly segmentAgeMsMax: number
  /** 0: kept for ever. */
  readonly retentionMs: number
  /** 0: kept for ever. */
  readonly retentionBytes: number
  /** Copies of each new segment, as far as there are voters; at most `REPLICATION_FACTOR_MAX`. */
  readonly replicationFactor: number
  /** For each new segment. */
  readonly ack: AckPolicy
}

/** One topic. */
export interface TopicMetadata {
  readonly name: string
  readonly config: TopicConfig
  /** Ascending by id. Invariant: never empty; every replica is a node of the cluster. */
  readonly segments: readonly SegmentMetadata[]
}

/** One node of the cluster; whether it is alive is not in it. */
export interface NodeMetadata {
  readonly id: NodeId
  /** host:port of the peer listener. */
  readonly address: string
  /** host:port that clients connect to; absent until the node listens there. */
  readonly clientAddress?: string
  /** Drawn when the node's directory was created. Invariant: never changes once it is known, so an id means one node. */
  readonly identity?: string
  readonly role: 'voter' | 'learner'
  /** A draining node is given no new segment. */
  readonly draining: boolean
}

/** One node that is no node of the cluster any more, and never will be again. */
export interface RemovedNode {
  readonly id: NodeId
  /** host:port of its peer listener, as it was known last: consensus goes on with it until it has left there, too. */
  readonly address: string
}

/** Everything that is replicated by Raft. */
export interface ClusterMetadata {
  /** Commands applied so far, whatever their result. */
  readonly version: number
  readonly topics: ReadonlyMap<string, TopicMetadata>
  readonly nodes: ReadonlyMap<NodeId, NodeMetadata>
  /** Nodes that were removed. An id is used once: what such a node promised under it must not be mistaken for another's word. */
  readonly removedNodes: ReadonlyMap<NodeId, RemovedNode>
}

/** Each command that changes a segment is a compare-and-set on (topic, segment, epoch): repeating it does no harm. */
export type MetadataCommand =
  /** Opens segment 1 at base offset 0. The name already exists: `unchanged`, whatever its config and leader. */
  | {
      readonly kind: 'CreateTopic'
      readonly topic: string
      readonly config: TopicConfig
      readonly leader: NodeId
      readonly replicas: readonly NodeId[]
    }
  /** Seals the open or recovering segment at `entryCount` and opens the next one, at epoch + 1. */
  | {
      readonly kind: 'SealAndRoll'
      readonly topic: string
      readonly segment: number
      readonly epoch: number
      readonly entryCount: number
      readonly controlCount: number
      readonly nextLeader: NodeId
      readonly nextReplicas: readonly NodeId[]
    }
  /** Makes the open or recovering segment recovering, at epoch + 1: whoever wrote or recovered it before is fenced. */
  | { readonly kind: 'FenceSegment'; readonly topic: string; readonly segment: number; readonly epoch: number }
  /** Gives a sealed segment, whose replicas are those of `before`, the ones of `after`. */
  | {
      readonly kind: 'ReplaceReplicas'
      readonly topic: string
      readonly segment: number
      readonly epoch: number
      readonly before: readonly NodeId[]
      readonly after: readonly NodeId[]
    }
  /** Last one wins. */
  | { readonly kind: 'ConfigureTopic'; readonly topic: string; readonly config: TopicConfig }
  /** `epoch` is that of any segment the topic has: a topic of the same name that was created later has none so old. */
  | { readonly kind: 'DeleteTopic'; readonly topic: string; readonly epoch: number }
  /** Drops the sealed segments up to and with `upToSegment`, whose epoch is `epoch`. */
  | { readonly kind: 'TrimTopic'; readonly topic: string; readonly upToSegment: number; readonly epoch: number }
  /**
   * Adds the node or replaces what is known of it. Last one wins, but a node with another identity is `node-taken`, and one
   * that was removed `node-removed`.
   */
  | { readonly kind: 'UpsertNode'; readonly node: NodeMetadata }
  /** For ever. Rejected with `node-in-use` while the node is a replica of any segment. */
  | { readonly kind: 'RemoveNode'; readonly id: NodeId }

/** What became of a command. `rejected` changes nothing but the version. */
export type MetadataResult =
  | { readonly outcome: 'applied' }
  /** The state already is what the command asks for. */
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'rejected'; readonly reason: RejectionReason; readonly detail: string }

/** Why a command was rejected, for programs; `detail` says it to people. */
export type RejectionReason =
  /** Malformed, of unknown kind, or with values that can never be right. */
  | 'invalid-command'
  | 'unknown-topic'
  /** A leader or replica is not a node of the cluster. */
  | 'unknown-node'
  /** The segment does not exist yet. */
  | 'unknown-segment'
  /** The segment is sealed or trimmed, so it is too late for the command. */
  | 'stale-segment'
  /** The segment (or topic) is not at that epoch. */
  | 'stale-epoch'
  /** The segment was sealed at another count. */
  | 'count-mismatch'
  /** Only a sealed segment can be trimmed, or given other replicas. */
  | 'segment-open'
  /** The segment's replicas are not those that the command expects. */
  | 'stale-replicas'
  /** The node is a replica of some segment. */
  | 'node-in-use'
  /** Another node has this id. */
  | 'node-taken'
  /** The node was removed from the cluster, and its id with it. */
  | 'node-removed'
