/** Identity of a member: a positive integer that is never given to another machine. */
export type NodeId = number

/** Number of an election; it only grows. 0 is "before the first election". */
export type Term = number

/** Position in the log, counted from 1. 0 is "before the first entry". */
export type LogIndex = number

/** "Nobody", wherever a `NodeId` may be absent. */
export const noNode: NodeId = 0

/** Sender of the answers to storage appends; not a member. */
export const appendThread: NodeId = -1

/** Sender of the answers to storage applies; not a member. */
export const applyThread: NodeId = -2

/** Says that a limit of bytes is not set. */
export const unlimited = Number.POSITIVE_INFINITY

/** What an entry carries: a command of the application, one membership change, or a list of them (see `ConfChange`). */
export type EntryType = 'normal' | 'confChange' | 'confChangeV2'

/** One position of the replicated log. Immutable; `data` must not be changed after it was handed in. */
export interface Entry {
  readonly term: Term
  readonly index: LogIndex
  readonly type: EntryType
  readonly data: Uint8Array
}

/** What must survive a crash beside the log: written in one atomic batch, before anything that was derived from it is sent. */
export interface HardState {
  /** Invariant: never decreases. */
  readonly term: Term
  /** Invariant: within one term it is set at most once. */
  readonly vote: NodeId
  /** Invariant: never decreases, and never exceeds the last index of the log. */
  readonly commit: LogIndex
}

/** Part of a node in the current term (thesis, figure 3.3, with the pre-candidate of section 9.6). */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** What is worth telling the outside but need not survive a crash. */
export interface SoftState {
  /** The leader of the current term as far as this node knows, or `noNode`. */
  readonly leader: NodeId
  readonly role: Role
}

/**
 * Who takes part, as one value. Every list is ascending and without repetitions.
 *
 * Invariant: `learners` shares no id with `voters` or `votersOutgoing`.
 * Invariant: every id of `learnersNext` is in `votersOutgoing`.
 * Invariant: when `votersOutgoing` is empty, so is `learnersNext`, and `autoLeave` is false.
 */
export interface ConfState {
  /** The voters; in a joint configuration the incoming half. */
  readonly voters: readonly NodeId[]
  /** The outgoing half of a joint configuration; empty when it is not joint. */
  readonly votersOutgoing: readonly NodeId[]
  /** Members that receive the log and count in no majority. */
  readonly learners: readonly NodeId[]
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[]
  /** Whether the leader leaves the joint configuration on its own once it is applied. */
  readonly autoLeave: boolean
}

/** The state machine after `index`, and who took part then. It replaces the log up to and including `index`. */
export interface Snapshot {
  readonly index: LogIndex
  readonly term: Term
  readonly confState: ConfState
  readonly data: Uint8Array
}

/** A linearizable read with the same `context` may be served once the state machine has applied `index`. */
export interface ReadState {
  readonly index: LogIndex
  readonly context: number
}

/** Names an entry: two logs that agree on it agree on everything before it (log matching, thesis section 3.5). */
export interface EntryId {
  readonly term: Term
  readonly index: LogIndex
}

/** No payload. */
export const emptyBytes = new Uint8Array(0)

/** Nobody takes part: a node that waits to be added starts with it. */
export const emptyConfState: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}
