import { type RaftState } from './raft-state.js'
import { progressStatus, type ProgressStatus } from './tracker.js'
import { type ConfState, type LogIndex, type NodeId, type Role, type Term } from './types.js'

/** A node at one moment, copied for reading. */
export interface RaftStatus {
  readonly id: NodeId
  readonly term: Term
  readonly vote: NodeId
  readonly role: Role
  readonly leader: NodeId
  readonly commit: LogIndex
  readonly applied: LogIndex
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  /** To whom leadership is being handed, or `noNode`. */
  readonly transferTarget: NodeId
  readonly confState: ConfState
  /** What a leader knows about the members, by ascending id; empty on others. */
  readonly progress: ReadonlyMap<NodeId, ProgressStatus>
}

export function statusOf(raft: RaftState): RaftStatus {
  return {
    id: raft.id,
    term: raft.term,
    vote: raft.vote,
    role: raft.role,
    leader: raft.leader,
    commit: raft.log.committed,
    applied: raft.apply.applied,
    firstIndex: raft.log.firstIndex(),
    lastIndex: raft.log.lastIndex(),
    transferTarget: raft.transferTarget,
    confState: raft.tracker.confState,
    progress: raft.role === 'leader' ? progressOf(raft) : new Map(),
  }
}

function progressOf({ tracker }: RaftState): Map<NodeId, ProgressStatus> {
  const statuses = new Map<NodeId, ProgressStatus>()
  for (const id of tracker.memberIds) {
    const progress = tracker.progress.get(id)
    if (progress !== undefined) statuses.set(id, progressStatus(progress))
  }
  return statuses
}
