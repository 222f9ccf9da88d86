import { RaftError } from './errors.js'
import { type LogReader } from './log-reader.js'
import { type TraceSink } from './trace.js'
import { unlimited, type LogIndex, type NodeId } from './types.js'

/**
 * How a leader confirms a read. `safe`: a quorum answers a heartbeat. `lease`: the leader trusts that a quorum cannot have
 * elected another one within an election timeout, which holds only while all clocks run at about the same speed.
 */
export type ReadMode = 'safe' | 'lease'

/** An integer from 0 to `bound - 1`, evenly drawn. Given from outside, so that a run can be repeated. */
export type RandomSource = (bound: number) => number

/** What a node is made of. Times are in ticks, sizes in bytes of entries including `entryOverheadBytes`. */
export interface RaftConfig {
  readonly id: NodeId
  /** Ticks without a leader until an election; each wait is drawn from this to twice this, minus one. At least heartbeat + 1. */
  readonly electionTimeoutTicks: number
  readonly heartbeatTimeoutTicks: number
  readonly log: LogReader
  readonly random: RandomSource
  /** What the state machine contains already, on a restart. Entries up to here are not handed out again. */
  readonly appliedIndex?: LogIndex
  /**
   * Storage writes complete later and are answered through `step` (default true). False: the caller performs each
   * `Ready` whole and then calls `advance`.
   */
  readonly asyncStorageWrites?: boolean
  /** Bound for the entries of one append message; one entry always fits. Default: no bound. */
  readonly messageBytesMax?: number
  /** Bound for entries that are handed out to be applied and not answered. Default: `messageBytesMax`. */
  readonly applyingBytesMax?: number
  /** Bound for payload that a leader took in and that is not committed and applied. Default: no bound. */
  readonly uncommittedBytesMax?: number
  /** Append messages under way to one follower. Default: 256. */
  readonly inflightMessagesMax?: number
  /** Payload bytes under way to one follower; at least `messageBytesMax`. Default: no bound. */
  readonly inflightBytesMax?: number
  /** The leader steps down when it hears no quorum for an election timeout, and votes respect its lease. Default true. */
  readonly checkQuorum?: boolean
  /** Ask before raising the term (thesis, section 9.6). Default true. */
  readonly preVote?: boolean
  /** Default `safe`. `lease` needs `checkQuorum`. */
  readonly readMode?: ReadMode
  /** A leader that a change removes or demotes follows at once. Default true. */
  readonly stepDownOnRemoval?: boolean
  /**
   * A leader refuses to propose its own removal, and hands leadership over before it leaves through a change that somebody
   * else proposed. Without it a group of two can be left without a leader for ever. Default true.
   */
  readonly transferBeforeRemoval?: boolean
  /**
   * Candidates and those who deny them a vote tell what they know to be committed. Somebody who was removed may hold more
   * than those who stay, and so deny them the vote that they believe to need: then they learn from it that the removal is
   * committed, and need the vote no more. Default true.
   */
  readonly shareCommitInVotes?: boolean
  /** Followers drop proposals instead of passing them to the leader. Default false. */
  readonly disableProposalForwarding?: boolean
  /** Propose membership changes unchecked; only for callers that order and check them themselves. Default false. */
  readonly disableConfChangeValidation?: boolean
  readonly trace?: TraceSink
}

export type Settings = Required<Omit<RaftConfig, 'log' | 'trace' | 'appliedIndex'>>

/** Fills in what is not set. Throws `RaftError` with code `RAFT_INVALID_CONFIG`. */
export function settingsOf(config: RaftConfig): Settings {
  const messageBytesMax = config.messageBytesMax ?? unlimited
  const settings: Settings = {
    id: config.id,
    electionTimeoutTicks: config.electionTimeoutTicks,
    heartbeatTimeoutTicks: config.heartbeatTimeoutTicks,
    random: config.random,
    asyncStorageWrites: config.asyncStorageWrites ?? true,
    messageBytesMax,
    applyingBytesMax: config.applyingBytesMax ?? messageBytesMax,
    uncommittedBytesMax: config.uncommittedBytesMax ?? unlimited,
    inflightMessagesMax: config.inflightMessagesMax ?? 256,
    inflightBytesMax: config.inflightBytesMax ?? unlimited,
    checkQuorum: config.checkQuorum ?? true,
    preVote: config.preVote ?? true,
    readMode: config.readMode ?? 'safe',
    stepDownOnRemoval: config.stepDownOnRemoval ?? true,
    transferBeforeRemoval: config.transferBeforeRemoval ?? true,
    shareCommitInVotes: config.shareCommitInVotes ?? true,
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
  }
  const wrong = firstProblem(settings)
  if (wrong !== undefined) throw new RaftError('RAFT_INVALID_CONFIG', `Cannot create node ${config.id}: ${wrong}`)
  return settings
}

function firstProblem(settings: Settings): string | undefined {
  const checks: readonly (readonly [boolean, string])[] = [
    [Number.isSafeInteger(settings.id) && settings.id > 0, 'id must be a positive integer'],
    [isPositive(settings.heartbeatTimeoutTicks), 'heartbeatTimeoutTicks must be a positive integer'],
    [isPositive(settings.electionTimeoutTicks), 'electionTimeoutTicks must be a positive integer'],
    [
      settings.electionTimeoutTicks > settings.heartbeatTimeoutTicks,
      'electionTimeoutTicks must exceed heartbeatTimeoutTicks',
    ],
    [isPositive(settings.inflightMessagesMax), 'inflightMessagesMax must be a positive integer'],
    [settings.messageBytesMax >= 0, 'messageBytesMax must not be negative'],
    [settings.applyingBytesMax > 0 || settings.messageBytesMax === 0, 'applyingBytesMax must be positive'],
    [settings.uncommittedBytesMax > 0, 'uncommittedBytesMax must be positive'],
    [
      settings.inflightBytesMax >= settings.messageBytesMax || settings.inflightBytesMax === unlimited,
      'inflightBytesMax must be at least messageBytesMax',
    ],
    [settings.readMode === 'safe' || settings.checkQuorum, 'readMode "lease" needs checkQuorum'],
  ]
  return checks.find(([holds]) => !holds)?.[1]
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}
