import { releaseUncommittedBytes } from './append-entries.js'
import { leaveJointChange, encodeConfChange } from './conf-change.js'
import { entriesBytes, lastEntry, payloadBytes } from './entry.js'
import { proposeEntries } from './propose.js'
import { type RaftState } from './raft-state.js'
import { handOver, isLeaving } from './transfer.js'
import { type Entry, type LogIndex, type Snapshot } from './types.js'

/** The state machine contains `entries` now. */
export function appliedEntries(raft: RaftState, entries: readonly Entry[]): void {
  if (entries.length === 0) return
  appliedTo(raft, lastEntry(entries).index, entriesBytes(entries))
  releaseUncommittedBytes(raft, payloadBytes(entries))
}

/** Storage and state machine contain `snapshot` now. */
export function appliedSnapshot(raft: RaftState, snapshot: Snapshot): void {
  raft.log.stableSnapshotTo(snapshot.index)
  appliedTo(raft, snapshot.index, 0)
}

function appliedTo(raft: RaftState, index: LogIndex, bytes: number): void {
  raft.apply.appliedTo(Math.max(index, raft.apply.applied), bytes)
  leaveJointIfDue(raft)
}

/**
 * Leaves a joint configuration that is to be left automatically, once the change that entered it is applied and no later one
 * is pending. It is tried again with every applied entry and every election timeout, for a transfer of leadership may be in
 * the way. A leader that is not among the incoming voters hands over instead, and its successor leaves.
 */
export function leaveJointIfDue(raft: RaftState): void {
  const { confState } = raft.tracker
  if (raft.role !== 'leader' || !confState.autoLeave || raft.apply.applied < raft.pendingConfIndex) return
  if (raft.settings.transferBeforeRemoval && isLeaving(raft)) {
    handOver(raft)
    return
  }
  const result = proposeEntries(raft, [{ type: 'confChangeV2', data: encodeConfChange(leaveJointChange) }])
  if (result.kind === 'appended') raft.trace?.({ kind: 'auto-leave-started', confState })
}
