import { type RaftStatus } from '../core/status.js'
import { noNode, type EntryId, type LogIndex, type NodeId, type Term } from '../core/types.js'

/** A node at one moment, for metrics and operators. */
export interface RaftNodeStatus {
  readonly id: NodeId
  readonly role: 'Learner' | 'Follower' | 'Candidate' | 'Leader' | 'Shutdown'
  readonly term: Term
  readonly leader: NodeId | null
  /** Whom this node voted for in this term; null: nobody yet. */
  readonly vote: NodeId | null
  readonly commitIndex: LogIndex
  readonly lastLogIndex: LogIndex
  readonly lastApplied: EntryId
  /** The last entry that the newest stored snapshot contains; 0/0 when there is none. */
  readonly snapshot: EntryId
  /** The log begins after this entry; 0/0 when it is whole. */
  readonly purged: EntryId
  /** One list of voters, or the incoming and the outgoing one while a joint change is under way. */
  readonly voterConfigurations: readonly (readonly NodeId[])[]
  /** Members that receive the log and count in no majority. */
  readonly learners: readonly NodeId[]
  /** The entry that changed the membership last; null when that was before this start, or is in a snapshot. */
  readonly membershipEntry: EntryId | null
  /** On the leader: the last log index that each member is known to hold durably. */
  readonly replication: ReadonlyMap<NodeId, LogIndex> | null
  /** For how many ticks nothing was heard from the leader; 0 on the leader, null when none is known. */
  readonly leaderSilenceTicks: number | null
  /** On the leader: for how many ticks each member has not been heard from; 0 for itself. */
  readonly silenceTicks: ReadonlyMap<NodeId, number> | null
}

/** What the core does not know. */
export interface NodeSurroundings {
  readonly isStopped: boolean
  readonly lastApplied: EntryId
  readonly snapshot: EntryId
  readonly purged: EntryId
  readonly membershipEntry: EntryId | null
  /** For how many ticks a member has not been heard from. */
  readonly silenceTicks: (id: NodeId) => number
}

export function nodeStatusOf(status: RaftStatus, surroundings: NodeSurroundings): RaftNodeStatus {
  const { isStopped, lastApplied, snapshot, purged, membershipEntry } = surroundings
  const { voters, votersOutgoing, learners } = status.confState
  const leads = status.role === 'leader' && !isStopped
  return {
    id: status.id,
    role: isStopped ? 'Shutdown' : roleOf(status),
    term: status.term,
    leader: status.leader === noNode || isStopped ? null : status.leader,
    vote: status.vote === noNode ? null : status.vote,
    commitIndex: status.commit,
    lastLogIndex: status.lastIndex,
    lastApplied,
    snapshot,
    purged,
    voterConfigurations: votersOutgoing.length === 0 ? [voters] : [voters, votersOutgoing],
    learners,
    membershipEntry,
    leaderSilenceTicks: leaderSilenceOf(status, surroundings),
    silenceTicks: leads ? silenceOf(status, surroundings) : null,
    replication: leads ? new Map([...status.progress].map(([id, { match }]) => [id, match])) : null,
  }
}

function leaderSilenceOf({ id, leader }: RaftStatus, { isStopped, silenceTicks }: NodeSurroundings): number | null {
  if (leader === noNode || isStopped) return null
  return leader === id ? 0 : silenceTicks(leader)
}

function silenceOf({ id: self, progress }: RaftStatus, { silenceTicks }: NodeSurroundings): Map<NodeId, number> {
  return new Map([...progress.keys()].map((id) => [id, id === self ? 0 : silenceTicks(id)]))
}

function roleOf({ id, role, confState }: RaftStatus): RaftNodeStatus['role'] {
  if (role === 'leader') return 'Leader'
  if (role !== 'follower') return 'Candidate'
  return confState.voters.includes(id) || confState.votersOutgoing.includes(id) ? 'Follower' : 'Learner'
}
