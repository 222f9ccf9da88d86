import { appliedEntries, appliedSnapshot } from './applied.js'
import { isProtectedByLease, learnCommit, receiveVoteRequest, rejectVote } from './election.js'
import { isFromLeader } from './follow.js'
import { isLocalType, isResponseType, isStorageThread, isTermless, isWellFormed, type Message } from './message.js'
import { receiveProposal } from './propose.js'
import { type RaftState } from './raft-state.js'
import { receiveRead } from './read-index.js'
import { isPossibleMembership } from './restore.js'
import { becomeFollower } from './roles.js'
import { send } from './send.js'
import { stepCandidate } from './step-candidate.js'
import { stepFollower } from './step-follower.js'
import { stepLeader } from './step-leader.js'
import { type DropReason } from './trace.js'
import { noNode } from './types.js'

/** Why a message was not even looked at. */
export type StepRefusal = 'local-message' | 'unknown-peer' | 'malformed-message'

/** What became of a message: taken in, refused at the door, or a proposal that was dropped. */
export type StepResult =
  | { readonly kind: 'stepped' }
  | { readonly kind: 'refused'; readonly reason: StepRefusal }
  | { readonly kind: 'dropped'; readonly reason: DropReason }

/** A group that holds ten elections a second gets so far in thirteen years; and terms must never run out. */
const termLeapMax = 2 ** 32

const stepped: StepResult = { kind: 'stepped' }

/** Takes in a message of another member, or an answer of the own storage. */
export function step(raft: RaftState, message: Message): StepResult {
  const refusal = refusalOf(raft, message)
  if (refusal !== undefined) return { kind: 'refused', reason: refusal }
  return stepAccepted(raft, message)
}

/** Like `step`, for messages that this node made itself. */
export function stepAccepted(raft: RaftState, message: Message): StepResult {
  if (message.knownCommit !== null) learnCommit(raft, message.knownCommit)
  if (message.term > raft.term) {
    if (!enterHigherTerm(raft, message)) return stepped
  } else if (message.term < raft.term && message.term !== 0) {
    receiveLowerTerm(raft, message)
    return stepped
  }
  return stepInTerm(raft, message)
}

function refusalOf(raft: RaftState, message: Message): StepRefusal | undefined {
  const fromStorage = isStorageThread(message.from)
  if (isLocalType(message.type) && !fromStorage) return 'local-message'
  if (isResponseType(message.type) && !fromStorage && !raft.tracker.progress.has(message.from)) return 'unknown-peer'
  return isPossible(raft, message) ? undefined : 'malformed-message'
}

/** Whether a member may have sent this, whatever it knows that this node does not. */
function isPossible(raft: RaftState, message: Message): boolean {
  const { type, term, snapshot } = message
  if (term === 0 && !isTermless(type)) return false
  if (term > raft.term + termLeapMax) return false
  if (type === 'Append') return isWellFormed(message)
  if (type === 'Snapshot') return snapshot !== null && isPossibleMembership(raft, snapshot.confState)
  // A leader speaks of what it knows this log to hold. From a member that means that something was lost here, and stops this
  // node; from somebody who was never heard of it means nothing.
  return type !== 'Heartbeat' || raft.tracker.progress.has(message.from) || message.commit <= raft.log.lastIndex()
}

/** False: the message ends here. Otherwise the node is in the term that the message is to be handled in. */
function enterHigherTerm(raft: RaftState, message: Message): boolean {
  const { type, term } = message
  const asksForVote = type === 'PreVote' || type === 'Vote'
  if (asksForVote && isProtectedByLease(raft, message)) return false
  // A pre-vote is asked for in a term that nobody has reached. A granted one is answered with that term, a denied one with
  // the term of the denier, which is worth knowing.
  if (type === 'PreVote' || (type === 'PreVoteResponse' && !message.reject)) return true
  becomeFollower(raft, term, isFromLeader(message) ? message.from : noNode)
  return true
}

function receiveLowerTerm(raft: RaftState, message: Message): void {
  const { checkQuorum, preVote } = raft.settings
  const { type } = message
  if (type === 'Heartbeat' || type === 'Append') {
    // Candidates of higher terms are ignored while there is a leader. This answer tells a stale leader the term, so that a
    // node that went ahead alone finds back into the group.
    if (checkQuorum || preVote) send(raft, { type: 'AppendResponse', to: message.from })
  } else if (type === 'PreVote') {
    rejectVote(raft, message)
  } else if (type === 'StorageAppendResponse') {
    // The entries may have been replaced under a later term, and be on their way to storage again (etcd's ABA case). What a
    // snapshot holds is committed under any term.
    if (message.index !== 0) {
      raft.trace?.({ kind: 'stale-append-ignored', term: raft.term, messageTerm: message.term })
    }
    if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot)
  }
}

function stepInTerm(raft: RaftState, message: Message): StepResult {
  switch (message.type) {
    case 'PreVote':
    case 'Vote':
      receiveVoteRequest(raft, message)
      return stepped
    case 'StorageAppendResponse':
      receiveStorageAppended(raft, message)
      return stepped
    case 'StorageApplyResponse':
      appliedEntries(raft, message.entries)
      return stepped
    case 'Propose': {
      const result = receiveProposal(raft, message)
      return result.kind === 'dropped' ? result : stepped
    }
    case 'ReadIndex':
      receiveRead(raft, message)
      return stepped
    case 'Append':
    case 'AppendResponse':
    case 'Heartbeat':
    case 'HeartbeatResponse':
    case 'Snapshot':
    case 'PreVoteResponse':
    case 'VoteResponse':
    case 'TransferLeader':
    case 'TimeoutNow':
    case 'ReadIndexResponse':
      stepByRole(raft, message)
      return stepped
  }
}

function stepByRole(raft: RaftState, message: Message): void {
  if (raft.role === 'leader') stepLeader(raft, message)
  else if (raft.role === 'follower') stepFollower(raft, message)
  else stepCandidate(raft, message)
}

function receiveStorageAppended(raft: RaftState, message: Message): void {
  if (message.index !== 0) {
    const stable = { term: message.logTerm, index: message.index }
    const result = raft.log.stableTo(stable)
    if (result.kind === 'missing') raft.trace?.({ kind: 'unstable-missing', index: stable.index })
    if (result.kind === 'mismatched') raft.trace?.({ kind: 'unstable-mismatched', stable, term: result.term })
  }
  if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot)
}
