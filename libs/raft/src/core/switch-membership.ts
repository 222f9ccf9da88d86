import { maybeCommit } from './append-entries.js'
import { type ConfChange } from './conf-change.js'
import { violated } from './invariant.js'
import { changeMembership, type Membership } from './membership.js'
import { type RaftState } from './raft-state.js'
import { broadcastAppend, maybeSendAppend } from './replication.js'
import { becomeFollower } from './roles.js'
import { useMembership, voterIds } from './tracker.js'
import { handOver } from './transfer.js'
import { noNode, type ConfState, type LogIndex } from './types.js'

/**
 * Makes the change of the committed entry at `index` effective. A change that a restored snapshot contains already is
 * ignored: it may have waited in the queue of the applier while the snapshot came. Returns the configuration that holds.
 */
export function applyMembershipChange(raft: RaftState, index: LogIndex, change: ConfChange): ConfState {
  if (index <= raft.restoredIndex) {
    raft.trace?.({ kind: 'conf-change-stale', index, restoredIndex: raft.restoredIndex })
    return raft.tracker.confState
  }
  const { confState, progress, limits } = raft.tracker
  const start = { lastIndex: raft.log.lastIndex(), limits }
  const result = changeMembership({ confState, progress }, change, start)
  if (result.kind === 'refused') violated(`membership change at ${index} is impossible: ${result.reason}`)
  return switchMembership(raft, result.membership)
}

/** Uses a membership from now on, with what follows from it for a leader. */
export function switchMembership(raft: RaftState, membership: Membership): ConfState {
  useMembership(raft.tracker, membership)
  const { confState } = membership
  raft.trace?.({ kind: 'conf-switched', confState })
  if (raft.role !== 'leader') return confState
  if (!leadsAsVoter(raft)) {
    leave(raft)
    return confState
  }
  if (confState.voters.length === 0) return confState
  if (maybeCommit(raft)) broadcastAppend(raft)
  else for (const id of raft.tracker.memberIds) if (id !== raft.id) maybeSendAppend(raft, id, false)
  if (raft.transferTarget !== noNode && !voterIds(confState).includes(raft.transferTarget)) raft.transferTarget = noNode
  return confState
}

/** A leader that was removed or demoted: it hands over if it can, otherwise it follows, if that is wanted. */
export function leave(raft: RaftState): void {
  if (raft.settings.transferBeforeRemoval && handOver(raft)) return
  if (raft.settings.stepDownOnRemoval) becomeFollower(raft, raft.term, noNode)
}

/** Whether this node votes in the configuration that holds, be it only in the outgoing half. */
export function leadsAsVoter(raft: RaftState): boolean {
  const own = raft.tracker.progress.get(raft.id)
  return own !== undefined && !own.isLearner
}
