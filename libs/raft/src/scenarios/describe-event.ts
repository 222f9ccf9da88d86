import { type ConfChangeRefusal, type DropReason, type TraceEvent, type VoteEvent } from '../core/trace.js'
import { type EntryId, type NodeId, type Term } from '../core/types.js'
import { describeConfChange, describeConfiguration, describeRefusal } from './describe-membership.js'

/** How loud an event is; a scenario can turn all below a level off. */
export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'NONE'] as const
export type LogLevel = (typeof logLevels)[number]

export interface EventLine {
  readonly level: LogLevel
  readonly text: string
}

/** The lines that an event prints in a scenario, with the words of the scenario files. */
export function describeEvent(node: NodeId, event: TraceEvent): readonly EventLine[] {
  const level: LogLevel = event.kind === 'quorum-lost' || event.kind === 'campaign-refused' ? 'WARN' : 'INFO'
  const describe = describers[event.kind] as (node: string, event: TraceEvent) => readonly string[]
  return describe(hex(node), event).map((text) => ({ level, text }))
}

type Describers = {
  readonly [Kind in TraceEvent['kind']]: (
    node: string,
    event: Extract<TraceEvent, { readonly kind: Kind }>,
  ) => readonly string[]
}

const describers: Describers = {
  'became-follower': (node, { term }) => [`${node} became follower at term ${term}`],
  'became-pre-candidate': (node, { term }) => [`${node} became pre-candidate at term ${term}`],
  'became-candidate': (node, { term }) => [`${node} became candidate at term ${term}`],
  'became-leader': (node, { term }) => [`${node} became leader at term ${term}`],
  'vote-cast': (node, event) => [voteLine(node, event)],
  'vote-rejected': (node, event) => [voteLine(node, event)],
  'vote-ignored-by-lease': (node, event) => [voteLine(node, event)],
  'quorum-lost': (node) => [`${node} stepped down to follower since quorum is not active`],
  'campaign-refused': (node, { reason, term }) => [
    reason === 'not-promotable'
      ? `${node} is unpromotable and can not campaign`
      : `${node} cannot campaign at term ${term} since there are still pending configuration changes to apply`,
  ],
  'proposal-dropped': (node, { reason, term, leader }) => dropLines(node, reason, term, leader),
  'conf-switched': (node, { confState }) => [`${node} switched to configuration ${describeConfiguration(confState)}`],
  'conf-change-ignored': (node, event) => {
    const config = describeConfiguration(event.confState)
    return [
      `${node} ignoring conf change ${describeConfChange(event.change)} at config ${config}: ${ignoredReason(event)}`,
    ]
  },
  'conf-change-stale': (node, { index, restoredIndex }) => [
    `${node} ignored conf change at index ${index}: restored snapshot at ${restoredIndex} holds it`,
  ],
  'auto-leave-started': (_node, { confState }) => [
    `initiating automatic transition out of joint configuration ${describeConfiguration(confState)}`,
  ],
  'hand-over-started': (node, { to }) => [`${node} hands over to ${hex(to)} before it leaves`],
  'transfer-started': (node, { term, to }) => [`${node} [term ${term}] starts to transfer leadership to ${hex(to)}`],
  'leader-forgotten': (node, { leader, term }) => [`${node} forgetting leader ${hex(leader)} at term ${term}`],
  'snapshot-restored': (node, { snapshot, commit, last }) => [
    `${node} [commit: ${commit}, lastindex: ${last.index}, lastterm: ${last.term}] restored snapshot ${place(snapshot)}`,
    `${node} [commit: ${commit}] restored snapshot ${place(snapshot)}`,
  ],
  'snapshot-ignored': (node, { commit, snapshot }) => [
    `${node} [commit: ${commit}] ignored snapshot ${place(snapshot)}`,
  ],
  'stale-append-ignored': (node, { term, messageTerm }) => [
    `${node} [term: ${term}] ignored entry appends from a MsgStorageAppendResp message ` +
      `with lower term [term: ${messageTerm}]`,
  ],
  'unstable-missing': (_node, { index }) => [`entry at index ${index} missing from unstable log; ignoring`],
  'unstable-mismatched': (_node, { stable: { index, term }, term: ours }) => [
    `entry at (index,term)=(${index},${term}) mismatched with entry at (${index},${ours}) in unstable log; ignoring`,
  ],
}

type VoteLine = VoteEvent & Extract<TraceEvent, { readonly kind: `vote-${string}` }>

function voteLine(node: string, event: VoteLine): string {
  const { last, vote, candidate, candidateLast, term } = event
  const type = event.preVote ? 'MsgPreVote' : 'MsgVote'
  const own = `[logterm: ${last.term}, index: ${last.index}, vote: ${hex(vote)}]`
  const theirs = `${hex(candidate)} [logterm: ${candidateLast.term}, index: ${candidateLast.index}] at term ${term}`
  if (event.kind === 'vote-cast') return `${node} ${own} cast ${type} for ${theirs}`
  if (event.kind === 'vote-rejected') return `${node} ${own} rejected ${type} from ${theirs}`
  const ticks = event.remainingTicks
  return `${node} ${own} ignored ${type} from ${theirs}: lease is not expired (remaining ticks: ${ticks})`
}

function dropLines(node: string, reason: DropReason, term: Term, leader: NodeId): readonly string[] {
  if (reason === 'no-leader') return [`${node} no leader at term ${term}; dropping proposal`]
  if (reason === 'forwarding-disabled') {
    return [`${node} not forwarding to leader ${hex(leader)} at term ${term}; dropping proposal`]
  }
  return []
}

interface IgnoredChange {
  readonly reason: ConfChangeRefusal
  readonly pendingIndex: number
  readonly appliedIndex: number
}

function ignoredReason({ reason, pendingIndex, appliedIndex }: IgnoredChange): string {
  if (reason === 'change-pending') {
    return `possible unapplied conf change at index ${pendingIndex} (applied to ${appliedIndex})`
  }
  if (reason === 'already-joint' || reason === 'joint-needs-leaving') return 'must transition out of joint config first'
  if (reason === 'not-joint') return 'not in joint state; refusing empty conf change'
  return describeRefusal(reason)
}

function place({ index, term }: EntryId): string {
  return `[index: ${index}, term: ${term}]`
}

function hex(id: NodeId): string {
  return id.toString(16)
}
