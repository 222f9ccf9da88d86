import { payloadBytes } from './entry.js'
import { becomeSnapshot, isPaused, sentEntries, type Progress } from './progress.js'
import { type RaftState } from './raft-state.js'
import { send } from './send.js'
import { type NodeId } from './types.js'

/** Sends what `to` lacks, or at least the commit index. */
export function sendAppend(raft: RaftState, to: NodeId): void {
  maybeSendAppend(raft, to, true)
}

/**
 * Sends the next entries, if the follower can take any. An append without entries carries the commit index; `evenEmpty`
 * says whether that is wanted. False: nothing was sent.
 */
export function maybeSendAppend(raft: RaftState, to: NodeId, evenEmpty: boolean): boolean {
  const progress = raft.tracker.progress.get(to)
  if (progress === undefined || isPaused(progress)) return false
  const index = progress.next - 1
  const logTerm = raft.log.term(index)
  if (logTerm === undefined) return maybeSendSnapshot(raft, to, progress)
  // With a full window an empty append still goes out now and then: if everything in the window was lost, only an answer
  // to something can tell.
  const windowFull = progress.state === 'replicate' && progress.inflights.full
  const entries = windowFull ? [] : raft.log.entriesFrom(progress.next, raft.settings.messageBytesMax)
  if (entries === undefined) return maybeSendSnapshot(raft, to, progress)
  if (entries.length === 0 && !evenEmpty) return false
  const commit = raft.log.committed
  send(raft, { type: 'Append', to, index, logTerm, entries, commit })
  sentEntries(progress, entries.length, payloadBytes(entries))
  progress.sentCommit = commit
  return true
}

export function broadcastAppend(raft: RaftState): void {
  for (const id of raft.tracker.memberIds) if (id !== raft.id) sendAppend(raft, id)
}

/** Heartbeats to all; their answers confirm every read that waits. */
export function broadcastHeartbeat(raft: RaftState): void {
  const context = raft.reads.heartbeatContext
  for (const id of raft.tracker.memberIds) if (id !== raft.id) sendHeartbeat(raft, id, context)
}

/** The commit index is cut to what the follower is known to hold: further up its log may be another one. */
function sendHeartbeat(raft: RaftState, to: NodeId, context: number): void {
  const progress = raft.tracker.progress.get(to)
  if (progress === undefined) return
  const commit = Math.min(progress.match, raft.log.committed)
  send(raft, { type: 'Heartbeat', to, commit, context })
  progress.sentCommit = commit
}

/** A snapshot is large: it goes only to somebody who was heard from lately. */
function maybeSendSnapshot(raft: RaftState, to: NodeId, progress: Progress): boolean {
  if (!progress.recentActive) return false
  const snapshot = raft.log.snapshot()
  if (snapshot === undefined) return false
  becomeSnapshot(progress, snapshot.index)
  send(raft, { type: 'Snapshot', to, snapshot })
  return true
}
