import type { ConsensusStatus, NodeId } from '@walrus/core'

/** The consensus as METRICS shows it: the original's fields. Times are nanoseconds since 1970, as far as a number holds them. */
export interface MetricsView {
  readonly running_state: { readonly Ok: null }
  readonly id: NodeId
  readonly current_term: number
  readonly vote: { readonly leader_id: LeaderIdView; readonly committed: boolean }
  readonly last_log_index: number
  readonly last_applied: LogIdView | null
  readonly snapshot: LogIdView | null
  /** Up to here the log was replaced by the snapshot. */
  readonly purged: LogIdView | null
  readonly state: ConsensusStatus['role']
  readonly current_leader: NodeId | null
  /** Null unless this node leads, as all below but for the membership; a single voter is its own quorum, at any moment. */
  readonly millis_since_quorum_ack: number | null
  readonly last_quorum_acked: number | null
  readonly membership_config: {
    readonly log_id: LogIdView | null
    readonly membership: {
      readonly configs: readonly (readonly NodeId[])[]
      readonly nodes: Readonly<Record<string, { readonly addr: string }>>
    }
  }
  readonly heartbeat: Readonly<Record<string, number>> | null
  /** Null for a member that is not known to hold anything. */
  readonly replication: Readonly<Record<string, LogIdView | null>> | null
}

export interface LeaderIdView {
  readonly term: number
  readonly node_id: NodeId
}

export interface LogIdView {
  readonly leader_id: LeaderIdView
  readonly index: number
}

/** The consensus at a moment of the wall clock. */
export function viewMetrics(status: ConsensusStatus, wallMs: number): MetricsView {
  const { term, silenceMs, replication, membershipEntry } = status
  const leaderId = leaderIdOf(status, term)
  const quorumSilenceMs = silenceMs === null ? null : quorumSilenceOf(silenceMs, status.voterConfigurations)
  const nanoseconds = (silentMs: number): number => (wallMs - silentMs) * 1_000_000
  return {
    running_state: { Ok: null },
    id: status.id,
    current_term: term,
    vote: {
      leader_id: { term, node_id: status.leader ?? status.vote ?? status.id },
      committed: status.leader !== null,
    },
    last_log_index: status.lastLogIndex,
    last_applied: logIdOf(status, status.lastAppliedIndex, status.lastAppliedTerm),
    snapshot: logIdOf(status, status.snapshotIndex, status.snapshotTerm),
    purged: logIdOf(status, status.purgedIndex, status.purgedTerm),
    state: status.role,
    current_leader: status.leader,
    millis_since_quorum_ack: quorumSilenceMs,
    last_quorum_acked: quorumSilenceMs === null ? null : nanoseconds(quorumSilenceMs),
    membership_config: {
      log_id: membershipEntry && logIdOf(status, membershipEntry.index, membershipEntry.term),
      membership: viewMembership(status),
    },
    heartbeat: byNode(silenceMs, nanoseconds),
    replication: byNode(replication, (index) => (index === 0 ? null : { leader_id: leaderId, index })),
  }
}

/** Only of the term that goes on is it known who leads; of one before, this node stands for the leader that it does not know. */
function leaderIdOf({ id, term: currentTerm, leader }: ConsensusStatus, term: number): LeaderIdView {
  return { term, node_id: (term === currentTerm ? leader : null) ?? id }
}

function logIdOf(status: ConsensusStatus, index: number, term: number): LogIdView | null {
  return index === 0 ? null : { leader_id: leaderIdOf(status, term), index }
}

/** For how long the slowest member of the quickest majority has been silent; of two configurations, the slower one. */
function quorumSilenceOf(
  silenceMs: ReadonlyMap<NodeId, number>,
  configurations: readonly (readonly NodeId[])[],
): number {
  const ofMajority = configurations.map((voters) => {
    const ascending = voters.map((id) => silenceMs.get(id) ?? Number.MAX_SAFE_INTEGER).sort((one, other) => one - other)
    return ascending[Math.floor(ascending.length / 2)] ?? 0
  })
  return Math.max(0, ...ofMajority)
}

function viewMembership(status: ConsensusStatus): MetricsView['membership_config']['membership'] {
  const nodes = [...status.addresses].map(([id, addr]) => [String(id), { addr }] as const)
  return { configs: status.voterConfigurations, nodes: Object.fromEntries(nodes) }
}

function byNode<Value, View>(
  values: ReadonlyMap<NodeId, Value> | null,
  view: (value: Value) => View,
): Readonly<Record<string, View>> | null {
  if (values === null) return null
  return Object.fromEntries([...values].map(([id, value]) => [String(id), view(value)]))
}
