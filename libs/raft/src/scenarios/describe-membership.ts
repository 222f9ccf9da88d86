import { type ConfChange, type ConfChangeType, type SingleChange, type Transition } from '../core/conf-change.js'
import { type MembershipRefusal } from '../core/membership.js'
import { type ProgressStatus } from '../core/tracker.js'
import { type ConfState, type NodeId } from '../core/types.js'

const letters: Readonly<Record<string, ConfChangeType>> = { v: 'addVoter', l: 'addLearner', r: 'remove', u: 'update' }

const letterOf: Readonly<Record<ConfChangeType, string>> = { addVoter: 'v', addLearner: 'l', remove: 'r', update: 'u' }

const transitionNames: Readonly<Record<Transition, string>> = {
  auto: 'ConfChangeTransitionAuto',
  implicit: 'ConfChangeTransitionJointImplicit',
  explicit: 'ConfChangeTransitionJointExplicit',
}

const changeNames: Readonly<Record<ConfChangeType, string>> = {
  addVoter: 'ConfChangeAddNode',
  addLearner: 'ConfChangeAddLearnerNode',
  remove: 'ConfChangeRemoveNode',
  update: 'ConfChangeUpdateNode',
}

const refusals: Readonly<Record<MembershipRefusal, string>> = {
  'already-joint': 'config is already joint',
  'not-joint': "can't leave a non-joint config",
  'no-voters-to-join': "can't make a zero-voter config joint",
  'joint-needs-leaving': "can't apply simple config change in joint config",
  'all-voters-removed': 'removed all voters',
  'several-voters-changed': 'more than one voter changed without entering joint config',
}

export type ParsedChanges =
  | { readonly kind: 'changes'; readonly changes: readonly SingleChange[] }
  | { readonly kind: 'error'; readonly message: string }

/** Reads `v1 l2 r3 u4`. */
export function parseChanges(input: string): ParsedChanges {
  const changes: SingleChange[] = []
  for (const word of input.split(/\s+/).filter((one) => one !== '')) {
    if (word.length < 2) return { kind: 'error', message: `unknown token ${word}` }
    const type = letters[word.slice(0, 1)]
    if (type === undefined) return { kind: 'error', message: `unknown input: ${word}` }
    const digits = word.slice(1)
    if (!/^\d+$/.test(digits)) {
      return { kind: 'error', message: `strconv.ParseUint: parsing "${digits}": invalid syntax` }
    }
    changes.push({ type, id: Number(digits) })
  }
  return { kind: 'changes', changes }
}

export function describeChanges(changes: readonly SingleChange[]): string {
  return changes.map(({ type, id }) => `${letterOf[type]}${id}`).join(' ')
}

export function describeConfChange({ transition, changes }: ConfChange): string {
  const parts = changes.map(({ type, id }) => ` changes:{type:${changeNames[type]} node_id:${id}}`)
  return `transition:${transitionNames[transition]}${parts.join('')}`
}

export function describeRefusal(reason: MembershipRefusal): string {
  return refusals[reason]
}

/** `voters=(1 2)&&(1 2 3) learners=(4) learners_next=(3) autoleave` */
export function describeConfiguration(confState: ConfState): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState
  let text = `voters=${describeIds(voters)}`
  if (votersOutgoing.length > 0) text += `&&${describeIds(votersOutgoing)}`
  if (learners.length > 0) text += ` learners=${describeIds(learners)}`
  if (learnersNext.length > 0) text += ` learners_next=${describeIds(learnersNext)}`
  return autoLeave ? `${text} autoleave` : text
}

export function describeConfState(confState: ConfState): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState
  const list = (ids: readonly NodeId[]) => `[${ids.join(' ')}]`
  return (
    `Voters:${list(voters)} VotersOutgoing:${list(votersOutgoing)} ` +
    `Learners:${list(learners)} LearnersNext:${list(learnersNext)} AutoLeave:${autoLeave}`
  )
}

const progressNames = { probe: 'StateProbe', replicate: 'StateReplicate', snapshot: 'StateSnapshot' } as const

export function describeProgress(progress: ProgressStatus): string {
  let text = `${progressNames[progress.state]} match=${progress.match} next=${progress.next}`
  if (progress.isLearner) text += ' learner'
  if (progress.paused) text += ' paused'
  if (progress.pendingSnapshot > 0) text += ` pendingSnap=${progress.pendingSnapshot}`
  if (!progress.recentActive) text += ' inactive'
  if (progress.inflightCount > 0) text += ` inflight=${progress.inflightCount}${progress.inflightFull ? '[full]' : ''}`
  return text
}

/** One line for each member, by ascending id. */
export function describeProgressMap(progress: ReadonlyMap<NodeId, ProgressStatus>): string {
  const ids = [...progress.keys()].sort((left, right) => left - right)
  return ids.map((id) => `${id}: ${describeProgress(progress.get(id) as ProgressStatus)}\n`).join('')
}

function describeIds(ids: readonly NodeId[]): string {
  return `(${ids.map((id) => id.toString(16)).join(' ')})`
}
