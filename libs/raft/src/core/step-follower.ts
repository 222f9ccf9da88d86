import { isPromotable, startCampaign } from './election.js'
import { isFromLeader, receiveFromLeader } from './follow.js'
import { type Message } from './message.js'
import { type RaftState } from './raft-state.js'
import { receiveReadAnswer } from './read-index.js'
import { forward } from './send.js'
import { noNode } from './types.js'

/** What a follower does with the messages of its term. */
export function stepFollower(raft: RaftState, message: Message): void {
  if (isFromLeader(message)) {
    raft.electionElapsedTicks = 0
    raft.leader = message.from
    receiveFromLeader(raft, message)
  } else if (message.type === 'TransferLeader') {
    if (raft.leader !== noNode) forward(raft, message)
  } else if (message.type === 'TimeoutNow') {
    startCampaign(raft, true)
  } else if (message.type === 'ReadIndexResponse') {
    receiveReadAnswer(raft, message)
  }
}

/** One tick of everybody who does not lead. */
export function tickElection(raft: RaftState): void {
  raft.electionElapsedTicks++
  if (!isPromotable(raft) || raft.electionElapsedTicks < raft.randomizedElectionTimeoutTicks) return
  raft.electionElapsedTicks = 0
  startCampaign(raft, false)
}

/**
 * Forgets the leader without leaving the term, so that a vote for another is possible before the timeout. False: not
 * allowed, because a lease rests on it.
 */
export function forgetLeader(raft: RaftState): boolean {
  if (raft.role !== 'follower') return true
  if (raft.settings.readMode === 'lease') return false
  if (raft.leader !== noNode) {
    raft.trace?.({ kind: 'leader-forgotten', term: raft.term, leader: raft.leader })
    raft.leader = noNode
  }
  return true
}
