import { entryOverheadBytes } from '../core/entry.js'
import { unlimited } from '../core/types.js'
import { type RandomStream } from './random.js'

/** What can happen in a step. */
export type ActionName =
  | 'deliver'
  | 'lose'
  | 'duplicate'
  | 'ready'
  | 'finishWrite'
  | 'finishApply'
  | 'tick'
  | 'propose'
  | 'read'
  | 'transfer'
  | 'changeMembership'
  | 'takeSnapshot'
  | 'crash'
  | 'restart'
  | 'cut'
  | 'heal'
  | 'pause'
  | 'reportUnreachable'
  | 'forgetLeader'

/** What a seed makes of a run: how large the group is, how it is set up, and how often each thing happens. */
export interface Policy {
  readonly voterCount: number
  readonly learnerCount: number
  /** Nodes that are no members at first and may be added. */
  readonly spareCount: number
  readonly settings: {
    readonly electionTimeoutTicks: number
    readonly heartbeatTimeoutTicks: number
    readonly preVote: boolean
    readonly checkQuorum: boolean
    readonly messageBytesMax: number
    readonly applyingBytesMax: number
    readonly uncommittedBytesMax: number
    readonly inflightMessagesMax: number
    readonly disableProposalForwarding: boolean
  }
  readonly weights: Readonly<Record<ActionName, number>>
}

/**
 * Each seed draws its own mixture: one that has everything at medium rates would miss what needs much of one thing. A duel
 * is a small group in which leaders change all the time and logs diverge; it has no membership changes.
 */
export function drawPolicy(random: RandomStream): Policy {
  const bytes = (entries: number) => entries * (entryOverheadBytes + 16)
  const mood = random.pick(['calm', 'calm', 'hot', 'duel'] as const)
  const duel = mood === 'duel'
  return {
    voterCount: duel ? random.pick([3, 3, 4, 5]) : random.pick([1, 2, 3, 3, 3, 3, 5, 5, 7]),
    learnerCount: duel ? 0 : random.pick([0, 0, 0, 1, 2]),
    spareCount: duel ? 0 : random.pick([0, 0, 1, 2]),
    settings: {
      electionTimeoutTicks: duel ? random.between(3, 5) : random.between(4, 16),
      heartbeatTimeoutTicks: random.between(1, 2),
      preVote: !duel && random.chance(60),
      checkQuorum: !duel && random.chance(60),
      messageBytesMax: random.pick([0, bytes(2), bytes(20), unlimited]),
      applyingBytesMax: random.pick([1, bytes(2), unlimited]),
      uncommittedBytesMax: random.pick([40, 400, unlimited]),
      inflightMessagesMax: random.pick([1, 2, 8, 256]),
      disableProposalForwarding: random.chance(10),
    },
    weights: duel ? drawDuelWeights(random) : drawWeights(random, mood === 'hot'),
  }
}

/** In a hot run nodes crash and links fail all the time. */
function drawWeights(random: RandomStream, hot: boolean): Readonly<Record<ActionName, number>> {
  const rare = (value: number) => (random.chance(40) ? 0 : value * (0.25 + random.integer(100) / 50))
  const fault = hot ? 5 : 1
  return {
    deliver: random.pick([300, 500]),
    ready: 300,
    finishWrite: random.pick([60, 250, 400]),
    finishApply: random.pick([60, 200]),
    tick: random.pick([12, 30, 60, 120]),
    propose: random.pick([10, 40]),
    read: rare(20),
    lose: rare(10) * fault,
    duplicate: rare(10),
    transfer: rare(4),
    changeMembership: rare(8),
    takeSnapshot: rare(12),
    crash: rare(2) * fault,
    restart: 4 * fault,
    cut: rare(2) * fault,
    heal: 4 * fault,
    pause: rare(1),
    reportUnreachable: rare(2),
    forgetLeader: rare(1),
  }
}

/** Leaders fall before they have told everybody what they took in. */
function drawDuelWeights(random: RandomStream): Readonly<Record<ActionName, number>> {
  return {
    ...drawWeights(random, true),
    deliver: random.pick([150, 300]),
    finishWrite: random.pick([250, 400]),
    tick: random.pick([20, 40, 80]),
    propose: random.pick([5, 20]),
    lose: random.pick([5, 40, 100]),
    crash: random.pick([2, 8, 20]),
    restart: random.pick([5, 20, 40]),
    changeMembership: 0,
    takeSnapshot: 0,
  }
}
