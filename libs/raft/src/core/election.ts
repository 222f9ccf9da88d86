import { violated } from './invariant.js'
import { isConfChange } from './conf-change.js'
import { type Message, type MessageType } from './message.js'
import { type RaftState } from './raft-state.js'
import { becomeCandidate, becomeFollower, becomePreCandidate } from './roles.js'
import { send } from './send.js'
import { voterIds } from './tracker.js'
import { type VoteEvent } from './trace.js'
import { noNode, type EntryId, type NodeId } from './types.js'

/** `transfer`: the leader asked for it, so there is no need to ask first whether it could be won. */
export type CampaignKind = 'preVote' | 'election' | 'transfer'

/** Whether this node may become leader: a voter whose log is not just being replaced by a snapshot. */
export function isPromotable(raft: RaftState): boolean {
  const progress = raft.tracker.progress.get(raft.id)
  return progress !== undefined && !progress.isLearner && !raft.log.hasPendingSnapshot
}

/** The election timeout passed, or somebody asked for it. */
export function startCampaign(raft: RaftState, transfer: boolean): void {
  if (raft.role === 'leader') return
  if (!isPromotable(raft)) {
    raft.trace?.({ kind: 'campaign-refused', term: raft.term, reason: 'not-promotable' })
    return
  }
  // With a membership change still to be applied it would count its votes in the wrong group (etcd#7280, #11284, #12133).
  if (hasUnappliedConfChange(raft)) {
    raft.trace?.({ kind: 'campaign-refused', term: raft.term, reason: 'unapplied-conf-change' })
    return
  }
  if (transfer) campaign(raft, 'transfer')
  else campaign(raft, raft.settings.preVote ? 'preVote' : 'election')
}

/** Asks all voters. Its own vote counts like any other: when it is durable. */
export function campaign(raft: RaftState, kind: CampaignKind): void {
  if (kind === 'preVote') becomePreCandidate(raft)
  else becomeCandidate(raft)
  const preVote = kind === 'preVote'
  const term = preVote ? raft.term + 1 : raft.term
  const last = raft.log.lastId()
  const knownCommit = sharedCommit(raft)
  for (const to of voterIds(raft.tracker.confState)) {
    if (to === raft.id) {
      send(raft, { type: preVote ? 'PreVoteResponse' : 'VoteResponse', to, term })
      continue
    }
    const type = preVote ? 'PreVote' : 'Vote'
    const transfer = kind === 'transfer'
    send(raft, { type, to, term, index: last.index, logTerm: last.term, transfer, knownCommit })
  }
}

/** Whether a candidate is to be ignored because a leader was heard from within the shortest election timeout. */
export function isProtectedByLease(raft: RaftState, message: Message): boolean {
  const { checkQuorum, electionTimeoutTicks } = raft.settings
  if (!checkQuorum || message.transfer || raft.leader === noNode) return false
  const remainingTicks = electionTimeoutTicks - raft.electionElapsedTicks
  if (remainingTicks <= 0) return false
  raft.trace?.({ kind: 'vote-ignored-by-lease', term: raft.term, remainingTicks, ...voteEvent(raft, message) })
  return true
}

/**
 * A request for a vote in the current term, or for a pre-vote in a later one. A learner votes as well: it may be a voter
 * and not know it yet (etcd#10998).
 */
export function receiveVoteRequest(raft: RaftState, message: Message): void {
  const preVote = message.type === 'PreVote'
  const canVote =
    raft.vote === message.from ||
    (raft.vote === noNode && raft.leader === noNode) ||
    (preVote && message.term > raft.term)
  if (!canVote || !raft.log.isUpToDate({ term: message.logTerm, index: message.index })) {
    rejectVote(raft, message)
    return
  }
  raft.trace?.({ kind: 'vote-cast', term: raft.term, ...voteEvent(raft, message) })
  // The answer carries the term of the request: a pre-vote is for a term that this node has not reached.
  send(raft, { type: responseTo(message.type), to: message.from, term: message.term })
  if (preVote) return
  raft.electionElapsedTicks = 0
  raft.vote = message.from
}

/** Denies a vote and tells the own term: a candidate that lags must get to know it (etcd#8243, #8501). */
export function rejectVote(raft: RaftState, message: Message): void {
  raft.trace?.({ kind: 'vote-rejected', term: raft.term, ...voteEvent(raft, message) })
  const type = responseTo(message.type)
  send(raft, { type, to: message.from, term: raft.term, reject: true, knownCommit: sharedCommit(raft) })
}

/**
 * Takes in what somebody else knows to be committed, if it is in the own log. A candidate that learns so of a membership
 * change was counting votes in the wrong group, and follows until it has applied the change.
 */
export function learnCommit(raft: RaftState, known: EntryId): void {
  if (raft.role === 'leader' || !raft.log.commitIfMatches(known)) return
  if (raft.role !== 'follower' && hasUnappliedConfChange(raft)) becomeFollower(raft, raft.term, noNode)
}

function sharedCommit(raft: RaftState): EntryId | null {
  if (!raft.settings.shareCommitInVotes) return null
  const index = raft.log.committed
  return { index, term: raft.log.term(index) ?? violated(`the committed entry ${index} has no term`) }
}

function responseTo(type: MessageType): MessageType {
  return type === 'PreVote' ? 'PreVoteResponse' : 'VoteResponse'
}

function voteEvent(raft: RaftState, message: Message): VoteEvent {
  const candidate: NodeId = message.from
  const candidateLast = { term: message.logTerm, index: message.index }
  return { preVote: message.type === 'PreVote', candidate, candidateLast, last: raft.log.lastId(), vote: raft.vote }
}

function hasUnappliedConfChange(raft: RaftState): boolean {
  const end = raft.log.committed + 1
  for (let low = raft.apply.applied + 1; low < end;) {
    const page = raft.log.slice(low, end, raft.settings.applyingBytesMax)
    if (page === undefined) violated(`entry ${low} was compacted before it was applied`)
    if (page.some(isConfChange)) return true
    low += page.length
  }
  return false
}
