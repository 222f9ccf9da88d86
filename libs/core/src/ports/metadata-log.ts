import type { ClusterMetadata, MetadataCommand, MetadataResult, NodeId } from '../metadata/model.js'

/**
 * The replicated log of metadata commands, and the state that they lead to.
 * On one node it is a local file; in a cluster it is Raft.
 */
export interface MetadataLog {
  /** The state as this node has applied it. A later read may see a newer one; an object once read never changes. */
  readonly state: ClusterMetadata

  /**
   * Resolves with what became of the command once it is durable and applied on this node.
   * Rejects with `UNAVAILABLE` or `TIMED_OUT` when that is not known: the command may still be applied later.
   */
  propose(command: MetadataCommand): Promise<MetadataResult>

  /** Calls back after each applied command that changed something, in order, before its `propose` resolves. Returns the way to stop. */
  subscribe(listener: (command: MetadataCommand, state: ClusterMetadata) => void): () => void

  status(): ConsensusStatus

  /** Resolves when what was proposed is settled and the files are released. Idempotent. */
  close(): Promise<void>
}

/** The consensus as METRICS shows it. */
export interface ConsensusStatus {
  readonly id: NodeId
  readonly role: 'Learner' | 'Follower' | 'Candidate' | 'Leader' | 'Shutdown'
  readonly term: number
  readonly leader: NodeId | null
  /** Whom this node voted for in this term; null: nobody yet. */
  readonly vote: NodeId | null
  readonly lastLogIndex: number
  readonly lastAppliedIndex: number
  readonly lastAppliedTerm: number
  /** The last command that the newest snapshot holds; 0 when there is no snapshot. */
  readonly snapshotIndex: number
  readonly snapshotTerm: number
  /** The log begins after this command; 0 when it is whole. */
  readonly purgedIndex: number
  readonly purgedTerm: number
  /** One list of voters, or two while a joint change is under way. */
  readonly voterConfigurations: readonly (readonly NodeId[])[]
  /** Members that receive the log and count in no majority. */
  readonly learners: readonly NodeId[]
  /** Where the membership was changed last; null when that is not known any more. */
  readonly membershipEntry: { readonly index: number; readonly term: number } | null
  /** The peer listeners of all members, as far as they are known. */
  readonly addresses: ReadonlyMap<NodeId, string>
  /** On the leader: each peer's (and its own) last matching log index. */
  readonly replication: ReadonlyMap<NodeId, number> | null
  /** For how long, in milliseconds, nothing was heard from the leader; 0 on the leader, null when none is known. */
  readonly leaderSilenceMs: number | null
  /** On the leader: for how long, in milliseconds, each member has not been heard from; 0 for itself. */
  readonly silenceMs: ReadonlyMap<NodeId, number> | null
}
