import { createMessage, type Message } from './message.js'
import { hardStateOf, softStateOf, type RaftState } from './raft-state.js'
import {
  appendThread,
  applyThread,
  type Entry,
  type HardState,
  type ReadState,
  type Snapshot,
  type SoftState,
} from './types.js'

/**
 * One write to the log of this node. All of it goes into one atomic batch, in this order: the snapshot (which replaces the
 * whole log), then the entries (which replace whatever stands at their indexes and after), then the hard state. Writes are
 * made in the order in which they were handed out, none is skipped.
 */
export interface StorageAppend {
  readonly hardState: HardState | null
  readonly snapshot: Snapshot | null
  /** May be there together with a snapshot; then they continue it. */
  readonly entries: readonly Entry[]
  /** Whether the write must be durable before its responses go out. False only when nothing rests on it. */
  readonly mustSync: boolean
  /** To be delivered, each to its `to`, when this write and all before it are durable. Not before, and all of them. */
  readonly responses: readonly Message[]
}

/** Committed entries for the state machine, in order. Applying must not fail; `responses` go to this node afterwards. */
export interface StorageApply {
  readonly entries: readonly Entry[]
  readonly responses: readonly Message[]
}

/**
 * What is to be done now. With asynchronous storage writes the work is in `storageAppend` and `storageApply`, and
 * `messages` may leave at once. Without them the caller stores `snapshot`, `entries` and `hardState`, then sends `messages`,
 * applies `committedEntries`, and calls `advance`.
 */
export interface Ready {
  /** Null when it did not change. */
  readonly softState: SoftState | null
  /** Null when it did not change. */
  readonly hardState: HardState | null
  readonly readStates: readonly ReadState[]
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | null
  readonly committedEntries: readonly Entry[]
  readonly messages: readonly Message[]
  /** Whether term, vote or entries must be durable before anything is sent. A snapshot must be in any case. */
  readonly mustSync: boolean
  readonly storageAppend: StorageAppend | null
  readonly storageApply: StorageApply | null
}

/** What was handed out before, to tell what is new. */
export interface HandedOut {
  readonly softState: SoftState
  readonly hardState: HardState
}

export function hasReady(raft: RaftState, before: HandedOut): boolean {
  const log = raft.log
  return (
    raft.outbox.length > 0 ||
    raft.outboxAfterAppend.length > 0 ||
    raft.readStates.length > 0 ||
    log.hasNextUnstableEntries ||
    raft.apply.hasNext(appliesUnstable(raft)) ||
    log.nextSnapshot() !== undefined ||
    softStateChanged(raft, before.softState) ||
    hardStateChanged(raft, before.hardState)
  )
}

/** Reads off what is to be done; `accept` then marks it as handed out. */
export function collectReady(raft: RaftState, before: HandedOut): Ready {
  const entries = raft.log.nextUnstableEntries()
  const snapshot = raft.log.nextSnapshot() ?? null
  const hardState = hardStateChanged(raft, before.hardState) ? hardStateOf(raft) : null
  const committedEntries = raft.apply.next(appliesUnstable(raft))
  const mustSync = entries.length > 0 || raft.term !== before.hardState.term || raft.vote !== before.hardState.vote
  const { asyncStorageWrites } = raft.settings
  const write = { hardState, snapshot, entries }
  return {
    softState: softStateChanged(raft, before.softState) ? softStateOf(raft) : null,
    hardState,
    readStates: raft.readStates,
    entries,
    snapshot,
    committedEntries,
    messages: asyncStorageWrites ? raft.outbox : withoutOwn(raft),
    mustSync,
    storageAppend: asyncStorageWrites ? storageAppendOf(raft, write, mustSync) : null,
    storageApply: asyncStorageWrites ? storageApplyOf(raft, committedEntries) : null,
  }
}

/** Marks `ready` as handed out. Returns what the node must tell itself in `advance`: nothing with asynchronous writes. */
export function acceptReady(raft: RaftState, ready: Ready): readonly Message[] {
  const own: Message[] = []
  if (!raft.settings.asyncStorageWrites) {
    for (const message of raft.outboxAfterAppend) if (message.to === raft.id) own.push(message)
    const appended = storageAppended(raft, ready.snapshot)
    if (appended !== undefined) own.push(appended)
    if (ready.committedEntries.length > 0) own.push(storageApplied(raft, ready.committedEntries))
  }
  raft.outbox = []
  raft.outboxAfterAppend = []
  raft.readStates = []
  raft.log.acceptUnstable()
  raft.apply.accept(ready.committedEntries, appliesUnstable(raft))
  return own
}

function storageAppendOf(
  raft: RaftState,
  write: Pick<StorageAppend, 'hardState' | 'snapshot' | 'entries'>,
  stateMustSync: boolean,
): StorageAppend | null {
  const { hardState, snapshot, entries } = write
  const isEmpty = hardState === null && snapshot === null && entries.length === 0
  if (isEmpty && raft.outboxAfterAppend.length === 0) return null
  // The own answer comes last: those before it, of a leader to itself, then still find their entries in memory.
  const appended = storageAppended(raft, snapshot)
  const responses = appended === undefined ? raft.outboxAfterAppend : [...raft.outboxAfterAppend, appended]
  return { hardState, snapshot, entries, mustSync: stateMustSync || snapshot !== null, responses }
}

function storageApplyOf(raft: RaftState, entries: readonly Entry[]): StorageApply | null {
  return entries.length === 0 ? null : { entries, responses: [storageApplied(raft, entries)] }
}

/**
 * The news for this node that everything up to now is stored. It names the end of the log, even when this very write holds
 * no entry, and it carries the term: an answer of an earlier term is ignored, because another leader may have replaced the
 * entries meanwhile and then been replaced itself. Every new term writes something, so some answer gets through.
 */
function storageAppended(raft: RaftState, snapshot: Snapshot | null): Message | undefined {
  const hasEntries = raft.log.hasUnstableEntries
  if (!hasEntries && snapshot === null) return undefined
  const last = hasEntries ? raft.log.lastId() : { term: 0, index: 0 }
  return createMessage({
    type: 'StorageAppendResponse',
    from: appendThread,
    to: raft.id,
    term: raft.term,
    index: last.index,
    logTerm: last.term,
    snapshot,
  })
}

function storageApplied(raft: RaftState, entries: readonly Entry[]): Message {
  return createMessage({ type: 'StorageApplyResponse', from: applyThread, to: raft.id, entries })
}

/** Without asynchronous writes the caller stores before it applies, so entries need not be known to be stored. */
function appliesUnstable(raft: RaftState): boolean {
  return !raft.settings.asyncStorageWrites
}

function withoutOwn(raft: RaftState): readonly Message[] {
  return raft.outbox.concat(raft.outboxAfterAppend.filter(({ to }) => to !== raft.id))
}

function softStateChanged(raft: RaftState, before: SoftState): boolean {
  return raft.leader !== before.leader || raft.role !== before.role
}

function hardStateChanged(raft: RaftState, before: HardState): boolean {
  return raft.term !== before.term || raft.vote !== before.vote || raft.log.committed !== before.commit
}
