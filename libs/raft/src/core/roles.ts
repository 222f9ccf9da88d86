import { appendOwnEntries } from './append-entries.js'
import { emptyProposal } from './entry.js'
import { violated } from './invariant.js'
import { becomeReplicate, createProgress, type Progress } from './progress.js'
import { type RaftState } from './raft-state.js'
import { ReadQueue } from './read-queue.js'
import { noNode, type NodeId, type Term } from './types.js'

export function becomeFollower(raft: RaftState, term: Term, leader: NodeId): void {
  startOver(raft, term)
  raft.leader = leader
  raft.role = 'follower'
  raft.trace?.({ kind: 'became-follower', term })
}

/** Asks whether an election could be won. Neither term nor vote change, and the clock goes on. */
export function becomePreCandidate(raft: RaftState): void {
  if (raft.role === 'leader') violated('a leader cannot become pre-candidate')
  raft.tracker.votes.clear()
  raft.leader = noNode
  raft.role = 'preCandidate'
  raft.trace?.({ kind: 'became-pre-candidate', term: raft.term })
}

export function becomeCandidate(raft: RaftState): void {
  if (raft.role === 'leader') violated('a leader cannot become candidate')
  startOver(raft, raft.term + 1)
  raft.vote = raft.id
  raft.role = 'candidate'
  raft.trace?.({ kind: 'became-candidate', term: raft.term })
}

/** Starts with an empty entry: only when that is committed does the leader know what is (thesis, section 6.4). */
export function becomeLeader(raft: RaftState): void {
  if (raft.role === 'follower') violated('a follower cannot become leader')
  startOver(raft, raft.term)
  raft.leader = raft.id
  raft.role = 'leader'
  const own = raft.tracker.progress.get(raft.id) ?? violated('a leader must be a member')
  becomeReplicate(own)
  own.recentActive = true
  // Looking through the log for a membership change would be dearer than to wait until all of it is applied.
  raft.pendingConfIndex = raft.log.lastIndex()
  if (!appendOwnEntries(raft, [emptyProposal])) violated('the first entry of a leader was refused')
  raft.trace?.({ kind: 'became-leader', term: raft.term })
}

export function drawElectionTimeout(raft: RaftState): void {
  const { electionTimeoutTicks, random } = raft.settings
  raft.randomizedElectionTimeoutTicks = electionTimeoutTicks + random(electionTimeoutTicks)
}

/** Forgets everything that belongs to one leadership or one election. */
function startOver(raft: RaftState, term: Term): void {
  if (raft.term !== term) {
    raft.term = term
    raft.vote = noNode
  }
  raft.leader = noNode
  raft.electionElapsedTicks = 0
  raft.heartbeatElapsedTicks = 0
  drawElectionTimeout(raft)
  raft.transferTarget = noNode
  raft.leaseGivenUp = false
  raft.pendingConfIndex = 0
  raft.uncommittedBytes = 0
  raft.reads = new ReadQueue()
  raft.postponedReads = []
  raft.tracker.votes.clear()
  forgetProgress(raft)
}

function forgetProgress(raft: RaftState): void {
  const lastIndex = raft.log.lastIndex()
  const progress = new Map<NodeId, Progress>()
  for (const [id, { isLearner }] of raft.tracker.progress) {
    const limits = raft.tracker.limits
    const fresh = createProgress({ next: lastIndex + 1, isLearner, recentActive: false, limits })
    if (id === raft.id) fresh.match = lastIndex
    progress.set(id, fresh)
  }
  raft.tracker.progress = progress
}
