import { campaign } from './election.js'
import { isFromLeader, receiveFromLeader } from './follow.js'
import { type Message } from './message.js'
import { type RaftState } from './raft-state.js'
import { broadcastAppend } from './replication.js'
import { becomeFollower, becomeLeader } from './roles.js'
import { electionResult, recordVote } from './tracker.js'
import { noNode } from './types.js'

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
