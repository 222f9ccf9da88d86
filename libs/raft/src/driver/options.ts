import { type RandomSource } from '../core/config.js'
import { RaftError } from '../core/errors.js'
import { type TraceSink } from '../core/trace.js'
import { type ConfState, type NodeId, type Role, type Term } from '../core/types.js'
import { type RaftClock } from '../ports/clock.js'
import { type LogStore } from '../ports/log-store.js'
import { type StateMachine } from '../ports/state-machine.js'
import { type RaftTransport } from '../ports/transport.js'

/** Durations, in ticks but for the tick itself. All members should have the same. */
export interface RaftTiming {
  /** Default 50. */
  readonly tickMs: number
  /** Without a leader for this long (up to twice, drawn anew each time) a member campaigns. Default 10. */
  readonly electionTimeoutTicks: number
  /** Default 1. */
  readonly heartbeatTimeoutTicks: number
  /** After this long nobody waits any more for what became of a proposal or a membership change. Default 200. */
  readonly proposalTimeoutTicks: number
  /** Default 100. */
  readonly readTimeoutTicks: number
  /** A snapshot that has not arrived by then has failed. Default 1,200. */
  readonly snapshotTimeoutTicks: number
  /** A disk that has not finished one write by then has failed this node: it leads no longer. Default 100. */
  readonly storageStallTicks: number
  /** For how long `stop` waits for open proposals, and then again for a successor. Default 20. */
  readonly stopTimeoutTicks: number
}

/** Bounds, in bytes but for the counts. */
export interface RaftLimits {
  /** Entries of one append message; one entry always fits. Default 1 MiB. */
  readonly messageBytesMax: number
  /** Entries that are applied at a stretch. Default 1 MiB. */
  readonly applyingBytesMax: number
  /** Proposals in the log of a leader that are not applied; more are dropped. Default 64 MiB. */
  readonly uncommittedBytesMax: number
  /** Proposals of this node that were not answered, wherever they are; more are dropped. Default 64 MiB. */
  readonly pendingBytesMax: number
  /** Append messages under way to one follower. Default 256. */
  readonly inflightMessagesMax: number
  /** Entries under way to one follower. Default 16 MiB. */
  readonly inflightBytesMax: number
  /** Entries of one write to the store. Default 4 MiB. */
  readonly writeBytesMax: number
  /** A snapshot is taken when so much was applied since the last one, and no less than that one has. Default 4 MiB. */
  readonly snapshotLogBytesMin: number
  /** Entries that stay before a snapshot, so that a follower a little behind needs none. Default 1,024. */
  readonly trailingEntryCount: number
  /** A learner that lacks more entries is not promoted. Default 256. */
  readonly promotionLagEntryCount: number
}

/** What a node tells its owner. Called in the middle of its work: neither may call back into the node. */
export interface RaftNodeEvents {
  /** The node stopped because of `error`, and cannot be used again. Everybody who waited was told. Called at most once. */
  readonly onFatal: (error: RaftError) => void
  /** Another role, leader or term of this node. */
  readonly onLeadership: (state: { readonly role: Role; readonly leader: NodeId; readonly term: Term }) => void
  /** Another membership took effect. */
  readonly onMembership: (confState: ConfState) => void
}

/** What a node is made of. */
export interface RaftNodeOptions<Result> {
  readonly id: NodeId
  /** Open; from `start` on it belongs to the node, which closes it. */
  readonly store: LogStore
  /** From `start` on it belongs to the node. Its messages go to `receive`, its complaints to `reportUnreachable`. */
  readonly transport: RaftTransport
  readonly stateMachine: StateMachine<Result>
  readonly clock: RaftClock
  readonly random: RandomSource
  /**
   * The first members of a new group, the same on each of them. Used when the store is empty, and never again: the group's
   * own log says who belongs to it. Without it, a node with an empty store waits until a group adds it.
   */
  readonly bootstrap?: ConfState
  readonly timing?: Partial<RaftTiming>
  readonly limits?: Partial<RaftLimits>
  readonly events?: Partial<RaftNodeEvents>
  readonly trace?: TraceSink
}

const mebibyte = 1024 * 1024

export const defaultTiming: RaftTiming = {
  tickMs: 50,
  electionTimeoutTicks: 10,
  heartbeatTimeoutTicks: 1,
  proposalTimeoutTicks: 200,
  readTimeoutTicks: 100,
  snapshotTimeoutTicks: 1_200,
  storageStallTicks: 100,
  stopTimeoutTicks: 20,
}

export const defaultLimits: RaftLimits = {
  messageBytesMax: mebibyte,
  applyingBytesMax: mebibyte,
  uncommittedBytesMax: 64 * mebibyte,
  pendingBytesMax: 64 * mebibyte,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * mebibyte,
  writeBytesMax: 4 * mebibyte,
  snapshotLogBytesMin: 4 * mebibyte,
  trailingEntryCount: 1_024,
  promotionLagEntryCount: 256,
}

/** Fills in what is not set. Throws `RaftError` with code `RAFT_INVALID_CONFIG`; the core checks what is its own. */
export function timingOf(given: Partial<RaftTiming> = {}): RaftTiming {
  return checked({ ...defaultTiming, ...given }, 1)
}

/** Like `timingOf`. */
export function limitsOf(given: Partial<RaftLimits> = {}): RaftLimits {
  return checked({ ...defaultLimits, ...given }, 0)
}

function checked<Values extends object>(values: Values, min: number): Values {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'number' && value >= min) continue
    throw new RaftError(
      'RAFT_INVALID_CONFIG',
      `Cannot start a node with ${name} ${String(value)}: must be ${min} or more`,
    )
  }
  return values
}
