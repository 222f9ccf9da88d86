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
  /** Null unless this node leads; a single voter is its own quorum, at any moment. */
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
  readonly replication: Readonly<Record<string, LogIdView>> | null
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
  const leaderId = { term: status.term, node_id: status.leader ?? status.id }
  const logId = (index: number): LogIdView | null => (index === 0 ? null : { leader_id: leaderId, index })
  const acknowledgedNs = status.replication === null ? null : wallMs * 1_000_000
  return {
    running_state: { Ok: null },
    id: status.id,
    current_term: status.term,
    vote: { leader_id: leaderId, committed: status.leader !== null },
    last_log_index: status.lastLogIndex,
    last_applied: logId(status.lastAppliedIndex),
    snapshot: logId(status.snapshotIndex),
    purged: logId(status.snapshotIndex),
    state: status.role,
    current_leader: status.leader,
    millis_since_quorum_ack: status.replication === null ? null : 0,
    last_quorum_acked: acknowledgedNs,
    membership_config: { log_id: null, membership: viewMembership(status) },
    heartbeat: acknowledgedNs === null ? null : byNode(status.replication, () => acknowledgedNs),
    replication: byNode(status.replication, (index) => ({ leader_id: leaderId, index })),
  }
}

function viewMembership(status: ConsensusStatus): MetricsView['membership_config']['membership'] {
  const nodes = [...status.addresses].map(([id, addr]) => [String(id), { addr }] as const)
  return { configs: status.voterConfigurations, nodes: Object.fromEntries(nodes) }
}

function byNode<Value>(
  replication: ReadonlyMap<NodeId, number> | null,
  view: (index: number) => Value,
): Readonly<Record<string, Value>> | null {
  if (replication === null) return null
  return Object.fromEntries([...replication].map(([id, index]) => [String(id), view(index)]))
}
