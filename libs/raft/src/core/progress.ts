import { Inflights, type InflightLimits } from './inflights.js'
import { violated } from './invariant.js'
import { type LogIndex } from './types.js'

/**
 * How the leader treats a follower. `probe`: one append at a time, to find where the logs agree. `replicate`: a stream
 * of appends without waiting. `snapshot`: nothing, until the outcome of the snapshot is known.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/** What a leader knows about one member (the leader has one about itself as well). */
export interface Progress {
  state: ProgressState
  /** The follower's log is known to equal the leader's up to here. Invariant: `match < next`. */
  match: LogIndex
  /** The next entry to send. Invariant: in state `snapshot` it is `pendingSnapshot + 1`. */
  next: LogIndex
  /** The highest commit index under way to the follower. It may fall back when a message is known to be lost. */
  sentCommit: LogIndex
  /** The index of the snapshot that is under way, 0 if there is none. */
  pendingSnapshot: LogIndex
  /** Whether anything was heard from the member since the last check of the quorum. Always true on the leader itself. */
  recentActive: boolean
  /** Holds appends back until the next answer to a heartbeat: after a probe, and when the window is full. */
  paused: boolean
  isLearner: boolean
  readonly inflights: Inflights
}

export interface ProgressStart {
  readonly next: LogIndex
  readonly isLearner: boolean
  readonly recentActive: boolean
  readonly limits: InflightLimits
}

export function createProgress(start: ProgressStart): Progress {
  return {
    state: 'probe',
    match: 0,
    next: start.next,
    sentCommit: 0,
    pendingSnapshot: 0,
    recentActive: start.recentActive,
    paused: false,
    isLearner: start.isLearner,
    inflights: new Inflights(start.limits),
  }
}

/** Starts over from what is certain. A snapshot that is still pending is believed to have arrived. */
export function becomeProbe(progress: Progress): void {
  const sent = progress.state === 'snapshot' ? progress.pendingSnapshot : 0
  enter(progress, 'probe')
  progress.next = Math.max(progress.match, sent) + 1
  progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1)
}

export function becomeReplicate(progress: Progress): void {
  enter(progress, 'replicate')
  progress.next = progress.match + 1
}

export function becomeSnapshot(progress: Progress, index: LogIndex): void {
  enter(progress, 'snapshot')
  progress.pendingSnapshot = index
  progress.next = index + 1
  progress.sentCommit = index
}

/** Notes that `count` entries of `bytes` payload from `next` on were sent. */
export function sentEntries(progress: Progress, count: number, bytes: number): void {
  switch (progress.state) {
    case 'replicate':
      if (count > 0) {
        progress.next += count
        progress.inflights.add(progress.next - 1, bytes)
      }
      progress.paused = progress.inflights.full
      return
    case 'probe':
      if (count > 0) progress.paused = true
      return
    case 'snapshot':
      violated('sent entries to a follower that waits for a snapshot')
  }
}

/** Whether it is worth a message to tell the follower that `commit` is committed. */
export function canBumpCommit(progress: Progress, commit: LogIndex): boolean {
  return commit > progress.sentCommit && progress.sentCommit < progress.next - 1
}

/** Takes in an acknowledgement up to `index`. False: it is older than what is known. */
export function acknowledge(progress: Progress, index: LogIndex): boolean {
  if (index <= progress.match) return false
  progress.match = index
  progress.next = Math.max(progress.next, index + 1)
  progress.paused = false
  return true
}

/**
 * Takes in the rejection of an append after `rejected`; `hint` is where the logs may agree. False: the rejection is
 * stale, because messages were reordered or duplicated, and nothing changed. (etcd#1197, raft#149)
 */
export function reject(progress: Progress, rejected: LogIndex, hint: LogIndex): boolean {
  if (progress.state === 'replicate') {
    if (rejected <= progress.match) return false
    progress.next = progress.match + 1
    progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1)
    return true
  }
  // A probe is sent one at a time, so that a genuine rejection names exactly the entry before `next`.
  if (progress.next - 1 !== rejected) return false
  progress.next = Math.max(Math.min(rejected, hint + 1), progress.match + 1)
  progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1)
  progress.paused = false
  return true
}

/** Whether appends must wait. */
export function isPaused(progress: Progress): boolean {
  return progress.state === 'snapshot' || progress.paused
}

function enter(progress: Progress, state: ProgressState): void {
  progress.paused = false
  progress.pendingSnapshot = 0
  progress.state = state
  progress.inflights.clear()
}
