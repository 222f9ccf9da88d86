import {
  appendThread,
  applyThread,
  noNode,
  type Entry,
  type EntryId,
  type LogIndex,
  type NodeId,
  type Snapshot,
  type Term,
} from './types.js'

/** Everything that one member may say to another, and that the storage of a node may say to its node. */
export type MessageType =
  | 'Propose'
  | 'Append'
  | 'AppendResponse'
  | 'PreVote'
  | 'PreVoteResponse'
  | 'Vote'
  | 'VoteResponse'
  | 'Snapshot'
  | 'Heartbeat'
  | 'HeartbeatResponse'
  | 'TransferLeader'
  | 'TimeoutNow'
  | 'ReadIndex'
  | 'ReadIndexResponse'
  | 'StorageAppendResponse'
  | 'StorageApplyResponse'

/**
 * One message. Every message has every field, so that all have one shape; a field that a type does not use is zero,
 * false, empty or null. Messages are immutable: forwarding makes a new one.
 */
export interface Message {
  readonly type: MessageType
  /** The sender; in `TransferLeader` the member that shall lead. */
  readonly from: NodeId
  readonly to: NodeId
  /** The sender's term; in pre-votes the term that is asked for; 0 in `Propose`, `ReadIndex` and `StorageApplyResponse`. */
  readonly term: Term
  /** Term of the entry at `index`; in a rejection the term at `rejectHint`. */
  readonly logTerm: Term
  /** The entry before `entries`, the last entry of a candidate, the acknowledged entry, or the index of a read. */
  readonly index: LogIndex
  readonly commit: LogIndex
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | null
  readonly reject: boolean
  /** In a rejected append: the highest index at which the logs may agree. */
  readonly rejectHint: LogIndex
  /** In heartbeats: up to which read the answer counts (0: none waits). In `ReadIndex`: the caller's own mark. */
  readonly context: number
  /** In elections: the newest entry that the sender knows to be committed. Null elsewhere, and when votes do not share it. */
  readonly knownCommit: EntryId | null
  /** In votes: the leader itself asked for this election, so its lease does not protect it. */
  readonly transfer: boolean
}

/** A message as it is written down by the one who sends it; what is absent gets its empty value. */
export type MessageDraft = Pick<Message, 'type' | 'to'> & Partial<Message>

const noEntries: readonly Entry[] = []

/** The message that a draft stands for; `from` and `term` may come from the one who sends it. */
export function createMessage(draft: MessageDraft, from = draft.from ?? noNode, term = draft.term ?? 0): Message {
  return {
    type: draft.type,
    from,
    to: draft.to,
    term,
    logTerm: draft.logTerm ?? 0,
    index: draft.index ?? 0,
    commit: draft.commit ?? 0,
    entries: draft.entries ?? noEntries,
    snapshot: draft.snapshot ?? null,
    reject: draft.reject ?? false,
    rejectHint: draft.rejectHint ?? 0,
    context: draft.context ?? 0,
    knownCommit: draft.knownCommit ?? null,
    transfer: draft.transfer ?? false,
  }
}

/** Whether `id` stands for a storage thread of the node itself. */
export function isStorageThread(id: NodeId): boolean {
  return id === appendThread || id === applyThread
}

/** Types that only the node's own storage may send; from the network they are refused. */
export function isLocalType(type: MessageType): boolean {
  return type === 'StorageAppendResponse' || type === 'StorageApplyResponse'
}

/** Types that belong to no term: they are passed on until they find a leader, or come from the own state machine. */
export function isTermless(type: MessageType): boolean {
  return type === 'Propose' || type === 'ReadIndex' || type === 'StorageApplyResponse'
}

/** Types that answer something; an answer from somebody who is no member (any more) is refused. */
export function isResponseType(type: MessageType): boolean {
  switch (type) {
    case 'AppendResponse':
    case 'VoteResponse':
    case 'PreVoteResponse':
    case 'HeartbeatResponse':
    case 'ReadIndexResponse':
    case 'StorageAppendResponse':
    case 'StorageApplyResponse':
      return true
    case 'Propose':
    case 'Append':
    case 'PreVote':
    case 'Vote':
    case 'Snapshot':
    case 'Heartbeat':
    case 'TransferLeader':
    case 'TimeoutNow':
    case 'ReadIndex':
      return false
  }
}

/**
 * Promises about the sender's durable state. They leave only after everything that this node decided before is on stable
 * storage (thesis, section 3.8). Rejections as well: that they could go earlier has not been proved.
 */
export function mustFollowStorage(type: MessageType): boolean {
  return type === 'AppendResponse' || type === 'VoteResponse' || type === 'PreVoteResponse'
}

/** Whether the entries of an append continue `index` without a gap and with terms that never fall. */
export function isWellFormed(message: Message): boolean {
  let index = message.index
  let term = message.logTerm
  for (const entry of message.entries) {
    if (entry.index !== index + 1 || entry.term < term) return false
    index = entry.index
    term = entry.term
  }
  return term <= message.term
}
