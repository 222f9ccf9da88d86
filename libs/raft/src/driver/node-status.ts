import { type RaftStatus } from '../core/status.js'
import { noNode, type LogIndex, type NodeId, type Term } from '../core/types.js'

/** A node at one moment, for metrics and operators. */
export interface RaftNodeStatus {
  readonly id: NodeId
  readonly role: 'Learner' | 'Follower' | 'Candidate' | 'Leader' | 'Shutdown'
  readonly term: Term
  readonly leader: NodeId | null
  readonly commitIndex: LogIndex
  readonly lastLogIndex: LogIndex
  readonly lastAppliedIndex: LogIndex
  /** The last entry that the newest stored snapshot contains; 0 when there is none. */
  readonly snapshotIndex: LogIndex
  /** One list of voters, or the incoming and the outgoing one while a joint change is under way. */
  readonly voterConfigurations: readonly (readonly NodeId[])[]
  /** Members that receive the log and count in no majority. */
  readonly learners: readonly NodeId[]
  /** On the leader: the last log index that each member is known to hold durably. */
  readonly replication: ReadonlyMap<NodeId, LogIndex> | null
}

export function nodeStatusOf(status: RaftStatus, snapshotIndex: LogIndex, isStopped: boolean): RaftNodeStatus {
  const { voters, votersOutgoing, learners } = status.confState
  const leads = status.role === 'leader' && !isStopped
  return {
    id: status.id,
    role: isStopped ? 'Shutdown' : roleOf(status),
    term: status.term,
    leader: status.leader === noNode || isStopped ? null : status.leader,
    commitIndex: status.commit,
    lastLogIndex: status.lastIndex,
    lastAppliedIndex: status.applied,
    snapshotIndex,
    voterConfigurations: votersOutgoing.length === 0 ? [voters] : [voters, votersOutgoing],
    learners,
    replication: leads ? new Map([...status.progress].map(([id, { match }]) => [id, match])) : null,
  }
}

function roleOf({ id, role, confState }: RaftStatus): RaftNodeStatus['role'] {
  if (role === 'leader') return 'Leader'
  if (role !== 'follower') return 'Candidate'
  return confState.voters.includes(id) || confState.votersOutgoing.includes(id) ? 'Follower' : 'Learner'
}
