import { campaign, isPromotable, startCampaign } from './election.js'
import { receiveAppend, receiveHeartbeat, receiveSnapshot } from './follow.js'
import { type Message } from './message.js'
import { type RaftState } from './raft-state.js'
import { receiveReadAnswer } from './read-index.js'
import { broadcastAppend } from './replication.js'
import { becomeFollower, becomeLeader } from './roles.js'
import { forward } from './send.js'
import { electionResult, recordVote } from './tracker.js'
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

/** What a candidate or pre-candidate does: it follows a leader of its term, or counts the votes that it asked for. */
export function stepCandidate(raft: RaftState, message: Message): void {
  if (isFromLeader(message)) {
    becomeFollower(raft, raft.term, message.from)
    receiveFromLeader(raft, message)
  } else if (message.type === (raft.role === 'preCandidate' ? 'PreVoteResponse' : 'VoteResponse')) {
    recordVote(raft.tracker, message.from, !message.reject)
    endElection(raft)
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

function isFromLeader({ type }: Message): boolean {
  return type === 'Append' || type === 'Heartbeat' || type === 'Snapshot'
}

function receiveFromLeader(raft: RaftState, message: Message): void {
  if (message.type === 'Append') receiveAppend(raft, message)
  else if (message.type === 'Heartbeat') receiveHeartbeat(raft, message)
  else receiveSnapshot(raft, message)
}

function endElection(raft: RaftState): void {
  const result = electionResult(raft.tracker)
  if (result === 'lost') {
    becomeFollower(raft, raft.term, noNode)
  } else if (result === 'won' && raft.role === 'preCandidate') {
    campaign(raft, 'election')
  } else if (result === 'won') {
    becomeLeader(raft)
    broadcastAppend(raft)
  }
}
