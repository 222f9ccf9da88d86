import { ApplyWindow } from './apply-window.js'
import { settingsOf, type RaftConfig, type Settings } from './config.js'
import { RaftError } from './errors.js'
import { type Message } from './message.js'
import { RaftLog } from './raft-log.js'
import { ReadQueue } from './read-queue.js'
import { createTracker, type Tracker } from './tracker.js'
import { type TraceSink } from './trace.js'
import {
  noNode,
  type HardState,
  type LogIndex,
  type NodeId,
  type ReadState,
  type Role,
  type SoftState,
  type Term,
} from './types.js'

/** Everything that a node knows. The step functions change it; nothing else does. */
export interface RaftState {
  readonly settings: Settings
  readonly id: NodeId
  readonly log: RaftLog
  readonly apply: ApplyWindow
  readonly tracker: Tracker
  readonly trace: TraceSink | undefined

  /** Invariant: never decreases. */
  term: Term
  /** Whom this node voted for in `term`. Invariant: set at most once in a term. */
  vote: NodeId
  role: Role
  /** The leader of `term` as far as known. Invariant: on a leader it is `id`. */
  leader: NodeId

  /** Ticks since the last sign of the leader; on a leader since the last check of the quorum. */
  electionElapsedTicks: number
  heartbeatElapsedTicks: number
  /** Invariant: from the election timeout to twice of it minus one, drawn anew with every change of role or term. */
  randomizedElectionTimeoutTicks: number

  /** Messages that may leave at once. Invariant: none is for this node. */
  outbox: Message[]
  /** Messages that may leave when everything unstable is durable. They may be for this node itself. */
  outboxAfterAppend: Message[]
  readStates: ReadState[]

  /** Whether somebody was told to campaign without waiting: then the lease of this leadership protects no read any more. */
  leaseGivenUp: boolean
  /** To whom leadership is being handed, on a leader. While it is set no proposal is taken. */
  transferTarget: NodeId
  /**
   * Only one membership change may be in the log and not applied. Invariant: on a leader no entry above it that is not
   * applied carries one.
   */
  pendingConfIndex: LogIndex
  /** Payload of own entries that are not applied; an estimate that never is too high. */
  uncommittedBytes: number
  reads: ReadQueue
  /** Reads that came before anything of this term was committed: the commit index may be too old until then. */
  postponedReads: Message[]
  /** Changes at or below it are part of a snapshot that was restored, although they may still wait to be applied. */
  restoredIndex: LogIndex
}

/** A follower with what storage holds. Throws `RaftError` when that does not fit together. */
export function createRaftState(config: RaftConfig): RaftState {
  const settings = settingsOf(config)
  const initial = config.log.initialState()
  const log = new RaftLog(config.log)
  const apply = new ApplyWindow(log, settings.applyingBytesMax)
  loadCommit(log, initial.hardState)
  loadApplied(log, apply, config.appliedIndex ?? 0)
  return {
    settings,
    id: settings.id,
    log,
    apply,
    tracker: createTracker({ messages: settings.inflightMessagesMax, bytes: settings.inflightBytesMax }),
    trace: config.trace,
    term: initial.hardState?.term ?? 0,
    vote: initial.hardState?.vote ?? noNode,
    role: 'follower',
    leader: noNode,
    electionElapsedTicks: 0,
    heartbeatElapsedTicks: 0,
    randomizedElectionTimeoutTicks: settings.electionTimeoutTicks,
    outbox: [],
    outboxAfterAppend: [],
    readStates: [],
    leaseGivenUp: false,
    transferTarget: noNode,
    pendingConfIndex: 0,
    uncommittedBytes: 0,
    reads: new ReadQueue(),
    postponedReads: [],
    restoredIndex: 0,
  }
}

export function softStateOf(raft: RaftState): SoftState {
  return { leader: raft.leader, role: raft.role }
}

export function hardStateOf(raft: RaftState): HardState {
  return { term: raft.term, vote: raft.vote, commit: raft.log.committed }
}

/** A hard state that is older than the snapshot is normal after a crash: whatever a snapshot holds is committed. */
function loadCommit(log: RaftLog, hardState: HardState | null): void {
  if (hardState === null) return
  if (hardState.commit > log.lastIndex()) {
    const message = `Cannot start from commit index ${hardState.commit}: the log ends at ${log.lastIndex()}`
    throw new RaftError('RAFT_COMMIT_BEYOND_LOG', message)
  }
  log.commitTo(hardState.commit)
}

function loadApplied(log: RaftLog, apply: ApplyWindow, appliedIndex: LogIndex): void {
  if (appliedIndex === 0) return
  if (appliedIndex < apply.applied || appliedIndex > log.committed) {
    const range = `${apply.applied} to ${log.committed}`
    throw new RaftError(
      'RAFT_APPLIED_OUT_OF_RANGE',
      `Cannot start from applied index ${appliedIndex}: known is ${range}`,
    )
  }
  apply.appliedTo(appliedIndex, 0)
}
