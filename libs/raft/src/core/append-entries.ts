import { payloadBytes, type ProposedEntry } from './entry.js'
import { type RaftState } from './raft-state.js'
import { send } from './send.js'
import { committedIndex } from './tracker.js'
import { type Entry } from './types.js'

/**
 * Puts entries of the own term at the end of a leader's log. False: they would exceed the bound of uncommitted bytes, and
 * nothing happened. The leader counts itself for them only when its own storage holds them (etcd#14370).
 */
export function appendOwnEntries(raft: RaftState, proposed: readonly ProposedEntry[]): boolean {
  const lastIndex = raft.log.lastIndex()
  const entries: Entry[] = proposed.map(({ type, data }, at) => ({
    term: raft.term,
    index: lastIndex + 1 + at,
    type,
    data,
  }))
  if (!takeUncommittedBytes(raft, payloadBytes(entries))) return false
  const index = raft.log.append(entries)
  send(raft, { type: 'AppendResponse', to: raft.id, index })
  return true
}

/** Entries of `bytes` payload were applied. */
export function releaseUncommittedBytes(raft: RaftState, bytes: number): void {
  raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes)
}

/**
 * Commits what a quorum holds, if it is of the own term: an older entry on a majority can still be replaced (figure 3.7
 * of the thesis). True: the commit index moved.
 */
export function maybeCommit(raft: RaftState): boolean {
  return raft.log.commitIfMatches({ index: committedIndex(raft.tracker), term: raft.term })
}

/** The first entry always fits, however large; entries without payload always fit. */
function takeUncommittedBytes(raft: RaftState, bytes: number): boolean {
  const total = raft.uncommittedBytes + bytes
  if (raft.uncommittedBytes > 0 && bytes > 0 && total > raft.settings.uncommittedBytesMax) return false
  raft.uncommittedBytes = total
  return true
}
