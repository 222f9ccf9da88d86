import { maybeCommit } from './append-entries.js'
import { leaveJointIfDue } from './applied.js'
import { type Message } from './message.js'
import { acknowledge, becomeProbe, becomeReplicate, canBumpCommit, reject, type Progress } from './progress.js'
import { type RaftState } from './raft-state.js'
import { answerConfirmedReads, releasePostponedReads } from './read-index.js'
import { broadcastAppend, broadcastHeartbeat, maybeSendAppend, sendAppend } from './replication.js'
import { becomeFollower } from './roles.js'
import { leadsAsVoter, leave } from './switch-membership.js'
import { quorumIsActive } from './tracker.js'
import { sendTimeoutNow, startTransfer } from './transfer.js'
import { noNode, type NodeId } from './types.js'

/** What a leader does with an answer of a member, or with a wish to transfer leadership. The rest it ignores. */
export function stepLeader(raft: RaftState, message: Message): void {
  const progress = raft.tracker.progress.get(message.from)
  if (progress === undefined) return
  if (message.type === 'AppendResponse') {
    progress.recentActive = true
    if (message.reject) receiveRejection(raft, message, progress)
    else receiveAcknowledgement(raft, message, progress)
  } else if (message.type === 'HeartbeatResponse') {
    receiveHeartbeatResponse(raft, message, progress)
  } else if (message.type === 'TransferLeader') {
    startTransfer(raft, message.from)
  }
}

/** One tick of a leader: checks its quorum once per election timeout, and sends heartbeats. */
export function tickLeader(raft: RaftState): void {
  raft.heartbeatElapsedTicks++
  raft.electionElapsedTicks++
  if (raft.electionElapsedTicks >= raft.settings.electionTimeoutTicks) {
    raft.electionElapsedTicks = 0
    endOfElectionTimeout(raft)
  }
  if (raft.role === 'leader' && raft.heartbeatElapsedTicks >= raft.settings.heartbeatTimeoutTicks) {
    raft.heartbeatElapsedTicks = 0
    broadcastHeartbeat(raft)
  }
}

/** Messages to `id` were lost: what was sent in a stream may not have arrived. */
export function reportUnreachable(raft: RaftState, id: NodeId): void {
  const progress = raft.tracker.progress.get(id)
  if (raft.role === 'leader' && progress?.state === 'replicate') becomeProbe(progress)
}

/** The snapshot to `id` arrived, or it failed. Either way the next append waits for a sign of life. */
export function reportSnapshot(raft: RaftState, id: NodeId, delivered: boolean): void {
  const progress = raft.tracker.progress.get(id)
  if (raft.role !== 'leader' || progress?.state !== 'snapshot') return
  if (!delivered) progress.pendingSnapshot = 0
  becomeProbe(progress)
  progress.paused = true
}

function endOfElectionTimeout(raft: RaftState): void {
  if (raft.settings.checkQuorum) checkQuorum(raft)
  if (raft.role !== 'leader') return
  raft.transferTarget = noNode
  if (!raft.settings.transferBeforeRemoval) return
  if (leadsAsVoter(raft)) leaveJointIfDue(raft)
  else leave(raft)
}

function checkQuorum(raft: RaftState): void {
  if (!quorumIsActive(raft.tracker)) {
    raft.trace?.({ kind: 'quorum-lost' })
    becomeFollower(raft, raft.term, noNode)
    return
  }
  for (const [id, progress] of raft.tracker.progress) if (id !== raft.id) progress.recentActive = false
}

/** The follower's hint and the own terms together rule out whole terms, so there is at most one probe for each of them. */
function receiveRejection(raft: RaftState, message: Message, progress: Progress): void {
  let hint = message.rejectHint
  if (message.logTerm > 0) hint = raft.log.findConflictByTerm({ term: message.logTerm, index: hint }).index
  if (!reject(progress, message.index, hint)) return
  if (progress.state === 'replicate') becomeProbe(progress)
  sendAppend(raft, message.from)
}

function receiveAcknowledgement(raft: RaftState, message: Message, progress: Progress): void {
  const { from, index } = message
  // An old news lets a probe end as well, when it confirms what is known: then a follower that was reported unreachable
  // gets its stream back.
  const confirmsProbe = progress.state === 'probe' && progress.match === index
  if (!acknowledge(progress, index) && !confirmsProbe) return
  resumeReplication(raft, progress, index)
  if (maybeCommit(raft)) {
    releasePostponedReads(raft)
    broadcastAppend(raft)
  } else if (from !== raft.id && canBumpCommit(progress, raft.log.committed)) {
    sendAppend(raft, from)
  }
  if (from === raft.id) return
  while (maybeSendAppend(raft, from, false)) continue
  if (from === raft.transferTarget && progress.match === raft.log.lastIndex()) sendTimeoutNow(raft, from)
}

/** Any snapshot that connects the follower to the log is as good as the one that was sent. */
function resumeReplication(raft: RaftState, progress: Progress, index: number): void {
  if (progress.state === 'probe') {
    becomeReplicate(progress)
  } else if (progress.state === 'replicate') {
    progress.inflights.freeUpTo(index)
  } else if (progress.match + 1 >= raft.log.firstIndex()) {
    becomeProbe(progress)
    becomeReplicate(progress)
  }
}

function receiveHeartbeatResponse(raft: RaftState, message: Message, progress: Progress): void {
  progress.recentActive = true
  progress.paused = false
  if (progress.match < raft.log.lastIndex() || progress.state === 'probe') sendAppend(raft, message.from)
  if (message.context === 0) return
  raft.reads.acknowledge(message.from, message.context)
  answerConfirmedReads(raft)
}
