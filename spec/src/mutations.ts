import { endPosition, type MetadataCommand, type NodeId, type RecoveryDecision } from '@walrus/core'
import type { Configuration } from './model/configuration.js'
import { RULES, type Decisions, type Habits, type Rules } from './model/rules.js'
import { LARGE, SMALL } from './configurations.js'

/** One deliberate fault, and where it must be found. The product has none of this code. */
export interface Mutation {
  readonly name: string
  readonly says: string
  readonly rules: Rules
  /** The smallest world in which it does harm. */
  readonly configuration: Configuration
  /** What it breaks first: an invariant or a goal. */
  readonly breaks: string
  /** Length of the shortest way there. */
  readonly steps: number
}

const {
  crash,
  crashInRollover,
  handover,
  refusal,
  repeat,
  rollover,
  silence,
  readers,
  readersAndCrash,
  reorder,
  single,
  takeover,
} = SMALL

const { silenceAndCrash } = LARGE

/** A lease that knows no epochs, and no recovery. */
const RECKLESS: Partial<Decisions> = {
  decideLease: (topic, question) => {
    const segments = topic.segments.map((one) =>
      one.state === 'recovering' ? { ...one, state: 'open' as const } : one,
    )
    return RULES.decisions.decideLease({ ...topic, segments }, question)
  },
  leaseHeld: (lease, target, nowMs) => RULES.decisions.leaseHeld({ ...lease, epoch: target.epoch }, target, nowMs),
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'no-gate-before-seal',
    says: 'appends get in while the segment is drained and sealed (C5 of the original)',
    rules: habit('gateCloses'),
    configuration: single,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 6,
  },
  {
    name: 'count-before-drain',
    says: 'the count is taken while entries are in flight (C5 of the original)',
    rules: habit('drainsBeforeCount'),
    configuration: rollover,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 10,
  },
  {
    name: 'seal-without-compare-and-set',
    says: 'a seal means whatever segment is open when it is applied (C5 of the original)',
    rules: decision({ applyCommand: (state, command) => RULES.decisions.applyCommand(state, aimed(state, command)) }),
    configuration: repeat,
    breaks: 'SealedCountsStable',
    steps: 9,
  },
  {
    name: 'ack-before-quorum',
    says: "an entry is acknowledged when one disk has it, the leader's (C1 of the original)",
    rules: habit('waitsForQuorum'),
    configuration: crash,
    breaks: 'AckedForever',
    steps: 3,
  },
  {
    name: 'ack-before-sync',
    says: 'a replica confirms what is not on stable storage',
    rules: habit('confirmsDurable'),
    configuration: { ...crash, name: 'crash, with delays', replicasDelay: true },
    breaks: 'AckedForever',
    steps: 5,
  },
  {
    name: 'counters-from-memory',
    says: 'a leader that starts again counts from 0 (C6 of the original)',
    rules: habit('countsTheLog'),
    configuration: single,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 8,
  },
  {
    name: 'end-not-recorded',
    says: 'a leader proposes the end of its only copy and has it not on disk; after a crash it writes on',
    rules: habit('recordsEnd'),
    configuration: single,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 9,
  },
  {
    name: 'empty-end-not-fenced',
    says: 'the end of an only copy in which nothing is, and of which nothing is on disk, is proposed all the same',
    rules: habit('fencesUnrecordedEnd'),
    configuration: handover,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 8,
  },
  {
    name: 'replica-ignores-epoch',
    says: 'a replica takes what a fenced leader sends',
    rules: {
      habits: habit('metadataFences').habits,
      decisions: decision({
        decideReplicate: (copy, stretch) => RULES.decisions.decideReplicate({ ...copy, epoch: 0 }, stretch),
      }).decisions,
    },
    configuration: silence,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 13,
  },
  {
    name: 'replica-ignores-position',
    says: 'a replica appends whatever comes, in the order in which it comes',
    rules: decision({
      decideReplicate: (copy, stretch) =>
        RULES.decisions.decideReplicate(copy, { ...stretch, position: copy.position }),
    }),
    configuration: reorder,
    breaks: 'CopiesArePrefixes',
    steps: 5,
  },
  {
    name: 'fence-is-forgotten',
    says: 'a replica that starts again knows neither from its copy nor from its metadata what it has refused',
    rules: habit('fenceIsDurable', 'waitsForBarrier'),
    configuration: silenceAndCrash,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 15,
  },
  {
    name: 'start-without-barrier',
    says: "a node takes part before its metadata are as new as the cluster's, and has no copy that would know better",
    rules: habit('waitsForBarrier'),
    configuration: silenceAndCrash,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 15,
  },
  {
    name: 'fence-before-drain',
    says: 'a replica tells its end while it writes, and confirms the rest to the old leader after',
    rules: habit('fenceDrains'),
    configuration: { ...silence, name: 'silence, with delays', replicasDelay: true },
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 14,
  },
  {
    name: 'fenced-leader-goes-on',
    says: 'neither the fence on the copy of the leader nor the new epoch stops the leader',
    rules: { habits: habit('fenceStopsWriter').habits, decisions: decision(RECKLESS).decisions },
    configuration: silence,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 14,
  },
  {
    name: 'recovery-takes-shortest',
    says: 'a recovery seals at the shortest copy that it has heard of',
    rules: decision({ decideRecovery: shortest, wholeCopies: notShorter }),
    configuration: crash,
    breaks: 'NothingAckedUnderFencedEpoch',
    steps: 12,
  },
  {
    name: 'recovery-hears-too-few',
    says: 'a recovery is content with one replica',
    rules: decision({ decideRecovery: hasty }),
    configuration: crash,
    breaks: 'SealedCountsStable',
    steps: 10,
  },
  {
    name: 'seal-before-copies',
    says: 'a recovery seals before a quorum has all of the segment',
    rules: habit('copiesBeforeSeal'),
    configuration: crash,
    breaks: 'SealedCountsStable',
    steps: 11,
  },
  {
    name: 'lease-never-expires',
    says: 'a leader that nobody hears believes that it may write for ever',
    rules: decision({ leaseHeld: (lease, target) => lease.segment === target.segment && lease.epoch === target.epoch }),
    configuration: silence,
    breaks: 'LeaseOverBeforeFence',
    steps: 3,
  },
  {
    name: 'cursor-not-fenced',
    says: 'an entry is delivered before a quorum knows that the cursor has passed it',
    rules: habit('cursorBeforeDelivery'),
    configuration: readersAndCrash,
    breaks: 'DeliveredAtMostOnce',
    steps: 18,
  },
  {
    name: 'cursor-from-memory',
    says: 'a new leader begins with the cursor of its own memory, which is empty',
    rules: habit('cursorFromLog'),
    configuration: readers,
    breaks: 'DeliveredAtMostOnce',
    steps: 23,
  },
  {
    name: 'state-from-any-copy',
    says: 'a new leader takes cursors and producers from a copy that is not whole',
    rules: habit('stateFromWholeCopy'),
    configuration: readers,
    breaks: 'SequentialWriteOrder',
    steps: 21,
  },
  {
    name: 'restarted-leader-goes-on',
    says: 'a leader that comes back continues its segment by its own word',
    rules: habit('restartFences'),
    configuration: LARGE.crashWithTwoEntries,
    breaks: 'CopiesArePrefixes',
    steps: 7,
  },
  {
    name: 'refused-commit-rewritten',
    says: 'a leader whose disk refused a commit writes something else at the same positions',
    rules: habit('stopsWhenRefused'),
    configuration: refusal,
    breaks: 'CopiesArePrefixes',
    steps: 5,
  },
  {
    name: 'duplicate-stored-twice',
    says: 'what a forwarding node sends again is stored again',
    rules: habit('knowsSequences'),
    configuration: rollover,
    breaks: 'SequentialWriteOrder',
    steps: 10,
  },
  {
    name: 'producers-forgotten-at-rollover',
    says: 'a new segment does not know what producers sent before',
    rules: habit('inheritsSequences'),
    configuration: rollover,
    breaks: 'SequentialWriteOrder',
    steps: 10,
  },
  {
    name: 'tail-kept',
    says: 'a copy that is longer than its sealed segment keeps what it has more',
    rules: habit('truncatesTail'),
    configuration: crash,
    breaks: 'SealedCountsStable',
    steps: 11,
  },
  {
    name: 'copy-behind-seal',
    says: 'a replica that knows the end of a segment lets a second coordinator copy more into it',
    rules: habit('sealEndsCopies'),
    configuration: takeover,
    breaks: 'SealedCountsStable',
    steps: 16,
  },
  {
    name: 'recovery-hears-all',
    says: 'a recovery waits for every replica, also for the dead one',
    rules: decision({ decideRecovery: patient }),
    configuration: crash,
    breaks: 'FailoverProgress',
    steps: 1,
  },
  {
    name: 'drain-hears-all',
    says: 'a rollover waits for every replica, also for the dead one',
    rules: habit('drainsToQuorum'),
    configuration: crashInRollover,
    breaks: 'RolloverProgress',
    steps: 3,
  },
  {
    name: 'ack-needs-all',
    says: 'an entry is acknowledged when every replica has it, also the dead one',
    rules: habit('quorumIsEnough'),
    configuration: crash,
    breaks: 'WriteProgress',
    steps: 1,
  },
  {
    name: 'read-from-leader-only',
    says: 'a sealed segment is read on the node that led it, also when that is dead (C1 of the original)',
    rules: habit('readsAnyCopy'),
    configuration: readersAndCrash,
    breaks: 'ReadProgress',
    steps: 4,
  },
]

function habit(...lost: readonly (keyof Habits)[]): Rules {
  const without = Object.fromEntries(lost.map((name) => [name, false]))
  return { ...RULES, habits: { ...RULES.habits, ...without } }
}

function decision(changed: Partial<Decisions>): Rules {
  return { ...RULES, decisions: { ...RULES.decisions, ...changed } }
}

/** The command as if it meant the last segment as it is now. */
function aimed(state: Parameters<Decisions['applyCommand']>[0], command: MetadataCommand): MetadataCommand {
  if (command.kind !== 'SealAndRoll') return command
  const last = state.topics.get(command.topic)?.segments.at(-1)
  return last === undefined ? command : { ...command, segment: last.id, epoch: last.epoch }
}

type Recovering = Parameters<Decisions['decideRecovery']>

function patient(...[segment, reports]: Recovering): RecoveryDecision {
  const missing = segment.replicas.length - reports.length
  return missing > 0 ? { kind: 'wait', missing } : RULES.decisions.decideRecovery(segment, reports)
}

function hasty(...[segment, reports]: Recovering): RecoveryDecision {
  const decision = RULES.decisions.decideRecovery({ ...segment, ackQuorum: segment.replicas.length }, reports)
  return decision.kind === 'wait' ? decision : { ...decision, copies: 1 }
}

/** A copy that is longer than the shortest has all of it. */
function notShorter(...[source, reports]: Parameters<Decisions['wholeCopies']>): readonly NodeId[] {
  return reports.filter((report) => endPosition(report) >= endPosition(source)).map((report) => report.node)
}

function shortest(...[segment, reports]: Recovering): RecoveryDecision {
  const decision = RULES.decisions.decideRecovery(segment, reports)
  if (decision.kind === 'wait') return decision
  const [source = decision.source] = [...reports].sort((left, right) => endPosition(left) - endPosition(right))
  return { ...decision, source }
}
