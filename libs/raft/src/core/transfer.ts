import { type RaftState } from './raft-state.js'
import { sendAppend } from './replication.js'
import { forward, send } from './send.js'
import { createMessage } from './message.js'
import { type Progress } from './progress.js'
import { noNode, type NodeId } from './types.js'

/** Why a wish to transfer leadership came to nothing. */
export type TransferRefusal = 'no-leader' | 'not-a-voter' | 'already-leader' | 'in-progress'

/** `started` says no more than that: watch who leads. A transfer that has not succeeded in an election timeout is given up. */
export type TransferResult =
  | { readonly kind: 'started' }
  | { readonly kind: 'forwarded'; readonly to: NodeId }
  | { readonly kind: 'ignored'; readonly reason: TransferRefusal }

/** Asks that `target` shall lead (thesis, section 3.10); a follower passes the wish on. */
export function requestTransfer(raft: RaftState, target: NodeId): TransferResult {
  if (raft.role === 'leader') return startTransfer(raft, target)
  if (raft.role !== 'follower' || raft.leader === noNode) return ignored('no-leader')
  forward(raft, createMessage({ type: 'TransferLeader', from: target, to: raft.leader }))
  return { kind: 'forwarded', to: raft.leader }
}

/** On a leader. A new target replaces the one before. */
export function startTransfer(raft: RaftState, target: NodeId): TransferResult {
  const progress = raft.tracker.progress.get(target)
  if (progress === undefined || !mayLead(raft, target, progress)) return ignored('not-a-voter')
  if (raft.transferTarget === target) return ignored('in-progress')
  raft.transferTarget = noNode
  if (target === raft.id) return ignored('already-leader')
  raft.trace?.({ kind: 'transfer-started', term: raft.term, to: target })
  raft.electionElapsedTicks = 0
  raft.transferTarget = target
  if (progress.match === raft.log.lastIndex()) sendTimeoutNow(raft, target)
  else sendAppend(raft, target)
  return { kind: 'started' }
}

/** The target holds the whole log: it may campaign without waiting. */
export function sendTimeoutNow(raft: RaftState, target: NodeId): void {
  raft.leaseGivenUp = true
  send(raft, { type: 'TimeoutNow', to: target })
}

/** Whether this leader leads a configuration that it has no part in, or will have none in once it is not joint. */
export function isLeaving(raft: RaftState): boolean {
  return raft.role === 'leader' && !raft.tracker.confState.voters.includes(raft.id)
}

/**
 * A leader that leaves hands over first. Otherwise it might step down with entries that the others lack, refuse them its
 * vote for that, and not be allowed to lead itself: a group without a leader for ever. False: there is nobody to take over.
 */
export function handOver(raft: RaftState): boolean {
  if (raft.transferTarget !== noNode) return true
  const target = mostUpToDateVoter(raft)
  if (target === noNode) return false
  raft.trace?.({ kind: 'hand-over-started', to: target })
  return startTransfer(raft, target).kind === 'started'
}

function mostUpToDateVoter(raft: RaftState): NodeId {
  let best: NodeId = noNode
  let bestMatch = -1
  for (const id of raft.tracker.confState.voters) {
    const progress = raft.tracker.progress.get(id)
    if (id === raft.id || progress === undefined || !progress.recentActive) continue
    if (progress.match > bestMatch) {
      best = id
      bestMatch = progress.match
    }
  }
  return best
}

function mayLead(raft: RaftState, target: NodeId, progress: Progress): boolean {
  if (progress.isLearner) return false
  return !raft.settings.transferBeforeRemoval || raft.tracker.confState.voters.includes(target)
}

function ignored(reason: TransferRefusal): TransferResult {
  return { kind: 'ignored', reason }
}
