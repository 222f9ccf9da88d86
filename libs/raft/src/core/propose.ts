import { appendOwnEntries } from './append-entries.js'
import { isConfChange, parseConfChange, type ConfChange } from './conf-change.js'
import { emptyProposal, type ProposedEntry } from './entry.js'
import { violated } from './invariant.js'
import { changeMembership } from './membership.js'
import { createMessage, type Message } from './message.js'
import { type RaftState } from './raft-state.js'
import { broadcastAppend } from './replication.js'
import { forward } from './send.js'
import { type ConfChangeRefusal, type DropReason } from './trace.js'
import { noNode, type LogIndex, type NodeId, type Term } from './types.js'

/**
 * What became of a proposal. `appended`: it stands in the log of the leader, from `index` on; it is committed if, and only
 * if, an entry with this index *and* term is applied. `forwarded`: nothing is known, so wait with a timeout. `ignored`:
 * the membership change was replaced by an empty entry. `dropped`: nothing happened.
 */
export type ProposeResult =
  | { readonly kind: 'appended'; readonly term: Term; readonly index: LogIndex }
  | { readonly kind: 'forwarded'; readonly to: NodeId }
  | { readonly kind: 'ignored'; readonly reason: ConfChangeRefusal }
  | { readonly kind: 'dropped'; readonly reason: DropReason }

/** Takes entries of this node's own application. */
export function proposeEntries(raft: RaftState, entries: readonly ProposedEntry[]): ProposeResult {
  if (raft.role === 'leader') return proposeAsLeader(raft, entries)
  const obstacle = forwardingObstacle(raft)
  if (obstacle !== undefined) return dropped(raft, obstacle)
  const sent = entries.map((entry) => ({ term: 0, index: 0, type: entry.type, data: entry.data }))
  forward(raft, createMessage({ type: 'Propose', to: raft.leader, entries: sent }))
  return { kind: 'forwarded', to: raft.leader }
}

/** Takes entries that another node passed on, or passes them on itself. */
export function receiveProposal(raft: RaftState, message: Message): ProposeResult {
  if (message.entries.length === 0) return dropped(raft, 'malformed-proposal')
  if (raft.role === 'leader') return proposeAsLeader(raft, message.entries)
  const obstacle = forwardingObstacle(raft)
  if (obstacle !== undefined) return dropped(raft, obstacle)
  forward(raft, message)
  return { kind: 'forwarded', to: raft.leader }
}

function proposeAsLeader(raft: RaftState, proposed: readonly ProposedEntry[]): ProposeResult {
  if (!raft.tracker.progress.has(raft.id)) return dropped(raft, 'not-a-member')
  if (raft.transferTarget !== noNode) return dropped(raft, 'transfer-in-progress')
  const checked = checkConfChanges(raft, proposed)
  if (checked.kind === 'dropped') return dropped(raft, checked.reason)
  const index = raft.log.lastIndex() + 1
  if (!appendOwnEntries(raft, checked.entries)) return dropped(raft, 'uncommitted-bytes-exceeded')
  raft.pendingConfIndex = checked.pendingConfIndex
  broadcastAppend(raft)
  if (checked.refusal !== undefined) return { kind: 'ignored', reason: checked.refusal }
  return { kind: 'appended', term: raft.term, index }
}

type CheckedEntries =
  | { readonly kind: 'dropped'; readonly reason: DropReason }
  | {
      readonly kind: 'checked'
      readonly entries: readonly ProposedEntry[]
      readonly pendingConfIndex: LogIndex
      readonly refusal: ConfChangeRefusal | undefined
    }

/** Puts an empty entry in the place of every change that may not follow what is in the log already. */
function checkConfChanges(raft: RaftState, proposed: readonly ProposedEntry[]): CheckedEntries {
  if (!proposed.some(isConfChange)) {
    return { kind: 'checked', entries: proposed, pendingConfIndex: raft.pendingConfIndex, refusal: undefined }
  }
  let pendingConfIndex = raft.pendingConfIndex
  let refusal: ConfChangeRefusal | undefined
  const entries: ProposedEntry[] = []
  for (const entry of proposed) {
    const change = isConfChange(entry) ? parseConfChange(entry.data) : undefined
    if (change === undefined) {
      if (isConfChange(entry)) return { kind: 'dropped', reason: 'malformed-proposal' }
      entries.push(entry)
      continue
    }
    if (wouldRemoveLeader(raft, change)) return { kind: 'dropped', reason: 'leader-would-leave' }
    const refused = refusalOf(raft, change, pendingConfIndex)
    if (refused !== undefined && !raft.settings.disableConfChangeValidation) {
      traceIgnored(raft, change, refused, pendingConfIndex)
      refusal = refused
      entries.push(emptyProposal)
      continue
    }
    pendingConfIndex = raft.log.lastIndex() + entries.length + 1
    entries.push(entry)
  }
  return { kind: 'checked', entries, pendingConfIndex, refusal }
}

/** Nothing is pending, so the active configuration is the one that the change will meet when it is applied. */
function refusalOf(raft: RaftState, change: ConfChange, pendingConfIndex: LogIndex): ConfChangeRefusal | undefined {
  if (pendingConfIndex > raft.apply.applied) return 'change-pending'
  const result = resultOf(raft, change)
  return result.kind === 'refused' ? result.reason : undefined
}

function wouldRemoveLeader(raft: RaftState, change: ConfChange): boolean {
  if (!raft.settings.transferBeforeRemoval) return false
  const result = resultOf(raft, change)
  return result.kind === 'changed' && !result.membership.confState.voters.includes(raft.id)
}

function resultOf(raft: RaftState, change: ConfChange) {
  const { confState, progress, limits } = raft.tracker
  return changeMembership({ confState, progress }, change, { lastIndex: raft.log.lastIndex(), limits })
}

function forwardingObstacle(raft: RaftState): DropReason | undefined {
  if (raft.role === 'leader') violated('a leader forwards nothing')
  if (raft.role !== 'follower' || raft.leader === noNode) return 'no-leader'
  return raft.settings.disableProposalForwarding ? 'forwarding-disabled' : undefined
}

function dropped(raft: RaftState, reason: DropReason): ProposeResult {
  raft.trace?.({ kind: 'proposal-dropped', term: raft.term, leader: raft.leader, reason })
  return { kind: 'dropped', reason }
}

function traceIgnored(raft: RaftState, change: ConfChange, reason: ConfChangeRefusal, pendingIndex: LogIndex): void {
  const { confState } = raft.tracker
  const appliedIndex = raft.apply.applied
  raft.trace?.({ kind: 'conf-change-ignored', change, confState, reason, pendingIndex, appliedIndex })
}
