import { RaftError } from './errors.js'
import { violated } from './invariant.js'
import { restoreMembership, sameConfState, type Membership } from './membership.js'
import { type RaftState } from './raft-state.js'
import { becomeFollower } from './roles.js'
import { switchMembership } from './switch-membership.js'
import { noNode, type ConfState, type NodeId, type Snapshot } from './types.js'

/** Replaces log and membership by a snapshot. False: it says nothing new, or it is not for this node. */
export function restoreSnapshot(raft: RaftState, snapshot: Snapshot): boolean {
  if (!isWanted(raft, snapshot)) {
    const { term, index } = snapshot
    raft.trace?.({ kind: 'snapshot-ignored', snapshot: { term, index }, commit: raft.log.committed })
    return false
  }
  raft.log.restore(snapshot)
  raft.restoredIndex = snapshot.index
  switchMembership(raft, membershipOf(raft, snapshot.confState) ?? violated('a snapshot has an impossible membership'))
  const { term, index } = snapshot
  const last = raft.log.lastId()
  raft.trace?.({ kind: 'snapshot-restored', snapshot: { term, index }, commit: raft.log.committed, last })
  return true
}

/** Takes over what storage knew at the start. Throws `RaftError` with code `RAFT_INVALID_MEMBERSHIP`. */
export function useInitialMembership(raft: RaftState, confState: ConfState): void {
  const membership = membershipOf(raft, confState)
  if (membership === undefined) {
    const message = `Cannot start node ${raft.id}: the stored membership contradicts itself`
    throw new RaftError('RAFT_INVALID_MEMBERSHIP', message)
  }
  switchMembership(raft, membership)
}

/** Whether a group can have this membership. One of more members than any group has is not even looked at: that takes long. */
export function isPossibleMembership(raft: RaftState, confState: ConfState): boolean {
  const { voters, votersOutgoing, learners, learnersNext } = confState
  const idCount = voters.length + votersOutgoing.length + learners.length + learnersNext.length
  return idCount <= memberIdsMax && membershipOf(raft, confState) !== undefined
}

const memberIdsMax = 1000

/** Undefined: nobody can be in this configuration. Nothing of the membership before survives (openraft#1808). */
function membershipOf(raft: RaftState, confState: ConfState): Membership | undefined {
  const start = { lastIndex: raft.log.lastIndex(), limits: raft.tracker.limits }
  const result = restoreMembership(confState, start)
  if (result.kind === 'refused' || !sameConfState(result.membership.confState, confState)) return undefined
  return result.membership
}

function isWanted(raft: RaftState, snapshot: Snapshot): boolean {
  if (snapshot.index <= raft.log.committed) return false
  if (raft.role !== 'follower') {
    becomeFollower(raft, raft.term + 1, noNode)
    return false
  }
  if (!contains(snapshot.confState, raft.id)) return false
  if (raft.log.matches(snapshot)) {
    // The log holds the very entry: everything up to it is committed, and the entries after it stay (etcd#1763).
    raft.log.commitTo(snapshot.index)
    return false
  }
  return true
}

/** Those who wait to become learners are outgoing voters still. */
function contains({ voters, learners, votersOutgoing }: ConfState, id: NodeId): boolean {
  return voters.includes(id) || learners.includes(id) || votersOutgoing.includes(id)
}
