import { type ConfChange, entersJoint, leavesAutomatically, leavesJoint, type SingleChange } from './conf-change.js'
import { type InflightLimits } from './inflights.js'
import { violated } from './invariant.js'
import { createProgress, type Progress } from './progress.js'
import { emptyConfState, type ConfState, type LogIndex, type NodeId } from './types.js'

/** Who takes part, and what the leader knows about each of them. */
export interface Membership {
  readonly confState: ConfState
  /** Invariant: its keys are the ids of `confState`, each once. */
  readonly progress: ReadonlyMap<NodeId, Progress>
}

/** What a new member starts with. */
export interface NewMemberStart {
  readonly lastIndex: LogIndex
  readonly limits: InflightLimits
}

/** Why a change cannot be made to a configuration. */
export type MembershipRefusal =
  | 'already-joint'
  | 'not-joint'
  | 'no-voters-to-join'
  | 'joint-needs-leaving'
  | 'all-voters-removed'
  | 'several-voters-changed'

export type MembershipResult =
  | { readonly kind: 'changed'; readonly membership: Membership }
  | { readonly kind: 'refused'; readonly reason: MembershipRefusal }

/** Carries out `change`, by whichever of the three ways below its transition asks for. */
export function changeMembership(from: Membership, change: ConfChange, start: NewMemberStart): MembershipResult {
  if (leavesJoint(change)) return leaveJoint(from)
  if (entersJoint(change)) return enterJoint(from, change.changes, leavesAutomatically(change), start)
  return changeSimply(from, change.changes, start)
}

/** Changes at most one voter, which needs no joint configuration: old and new majorities overlap (thesis, section 4.1). */
export function changeSimply(
  from: Membership,
  changes: readonly SingleChange[],
  start: NewMemberStart,
): MembershipResult {
  if (isJoint(from.confState)) return refused('joint-needs-leaving')
  const draft = draftOf(from)
  if (!applyChanges(draft, changes, start)) return refused('all-voters-removed')
  if (differences(new Set(from.confState.voters), draft.voters) > 1) return refused('several-voters-changed')
  return changed(draft)
}

/** From `(1 2 3)` to `(1 2 3)&&(1 2 3)`, and then the changes to the incoming half. */
export function enterJoint(
  from: Membership,
  changes: readonly SingleChange[],
  autoLeave: boolean,
  start: NewMemberStart,
): MembershipResult {
  if (isJoint(from.confState)) return refused('already-joint')
  if (from.confState.voters.length === 0) return refused('no-voters-to-join')
  const draft = draftOf(from)
  draft.votersOutgoing = new Set(draft.voters)
  if (!applyChanges(draft, changes, start)) return refused('all-voters-removed')
  draft.autoLeave = autoLeave
  return changed(draft)
}

/** Drops the outgoing half. Those who wait to become learners become learners; those who are nothing any more go. */
export function leaveJoint(from: Membership): MembershipResult {
  if (!isJoint(from.confState)) return refused('not-joint')
  const draft = draftOf(from)
  for (const id of draft.learnersNext) {
    draft.learners.add(id)
    progressOf(draft, id).isLearner = true
  }
  draft.learnersNext.clear()
  for (const id of draft.votersOutgoing) {
    if (!draft.voters.has(id) && !draft.learners.has(id)) draft.progress.delete(id)
  }
  draft.votersOutgoing.clear()
  draft.autoLeave = false
  return changed(draft)
}

/** The membership that a snapshot or a restart describes; every member starts unknown. */
export function restoreMembership(confState: ConfState, start: NewMemberStart): MembershipResult {
  const add =
    (type: SingleChange['type']) =>
    (id: NodeId): SingleChange => ({ type, id })
  const incoming = [
    ...confState.votersOutgoing.map(add('remove')),
    ...confState.voters.map(add('addVoter')),
    ...confState.learners.map(add('addLearner')),
    ...confState.learnersNext.map(add('addLearner')),
  ]
  const first = confState.votersOutgoing.length > 0 ? confState.votersOutgoing.map(add('addVoter')) : incoming
  let result: MembershipResult = changed(draftOf({ confState: emptyConfState, progress: new Map() }))
  for (const change of first) {
    if (result.kind === 'refused') return result
    result = changeSimply(result.membership, [change], start)
  }
  if (result.kind === 'refused' || confState.votersOutgoing.length === 0) return result
  return enterJoint(result.membership, incoming, confState.autoLeave, start)
}

export function isJoint(confState: ConfState): boolean {
  return confState.votersOutgoing.length > 0
}

/** Whether both name the same members in the same parts, in whatever order. */
export function sameConfState(left: ConfState, right: ConfState): boolean {
  return (
    left.autoLeave === right.autoLeave &&
    sameIds(left.voters, right.voters) &&
    sameIds(left.votersOutgoing, right.votersOutgoing) &&
    sameIds(left.learners, right.learners) &&
    sameIds(left.learnersNext, right.learnersNext)
  )
}

function sameIds(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  const rightIds = new Set(right)
  return left.length === right.length && rightIds.size === right.length && left.every((id) => rightIds.has(id))
}

/** A membership under change. The progresses are copies, as far as a change touches them. */
interface Draft {
  voters: Set<NodeId>
  votersOutgoing: Set<NodeId>
  learners: Set<NodeId>
  learnersNext: Set<NodeId>
  autoLeave: boolean
  progress: Map<NodeId, Progress>
}

function draftOf({ confState, progress }: Membership): Draft {
  const copies = new Map<NodeId, Progress>()
  for (const [id, one] of progress) copies.set(id, { ...one })
  return {
    voters: new Set(confState.voters),
    votersOutgoing: new Set(confState.votersOutgoing),
    learners: new Set(confState.learners),
    learnersNext: new Set(confState.learnersNext),
    autoLeave: confState.autoLeave,
    progress: copies,
  }
}

/** False: nobody would be left to vote. */
function applyChanges(draft: Draft, changes: readonly SingleChange[], start: NewMemberStart): boolean {
  for (const { type, id } of changes) {
    if (id === 0) continue
    if (type === 'addVoter') makeVoter(draft, id, start)
    else if (type === 'addLearner') makeLearner(draft, id, start)
    else if (type === 'remove') remove(draft, id)
  }
  return draft.voters.size > 0
}

function makeVoter(draft: Draft, id: NodeId, start: NewMemberStart): void {
  const known = draft.progress.get(id)
  if (known === undefined) addMember(draft, id, false, start)
  else known.isLearner = false
  draft.learners.delete(id)
  draft.learnersNext.delete(id)
  draft.voters.add(id)
}

/** An outgoing voter cannot be a learner at the same time, so it waits in `learnersNext` until the joint state is left. */
function makeLearner(draft: Draft, id: NodeId, start: NewMemberStart): void {
  const known = draft.progress.get(id)
  if (known === undefined) {
    addMember(draft, id, true, start)
    draft.learners.add(id)
    return
  }
  if (known.isLearner) return
  remove(draft, id)
  draft.progress.set(id, known)
  if (draft.votersOutgoing.has(id)) {
    draft.learnersNext.add(id)
  } else {
    known.isLearner = true
    draft.learners.add(id)
  }
}

/** Who still votes in the outgoing half keeps its progress. */
function remove(draft: Draft, id: NodeId): void {
  draft.voters.delete(id)
  draft.learners.delete(id)
  draft.learnersNext.delete(id)
  if (!draft.votersOutgoing.has(id)) draft.progress.delete(id)
}

/** A new member counts as active: a check of the quorum must not hold the time against it that it had no chance to use. */
function addMember(draft: Draft, id: NodeId, isLearner: boolean, start: NewMemberStart): void {
  const next = Math.max(start.lastIndex, 1)
  draft.progress.set(id, createProgress({ next, isLearner, recentActive: true, limits: start.limits }))
}

function progressOf(draft: Draft, id: NodeId): Progress {
  return draft.progress.get(id) ?? violated(`member ${id} has no progress`)
}

function differences(left: ReadonlySet<NodeId>, right: ReadonlySet<NodeId>): number {
  let count = 0
  for (const id of left) if (!right.has(id)) count++
  for (const id of right) if (!left.has(id)) count++
  return count
}

function changed(draft: Draft): MembershipResult {
  checkInvariants(draft)
  const confState: ConfState = {
    voters: ascending(draft.voters),
    votersOutgoing: ascending(draft.votersOutgoing),
    learners: ascending(draft.learners),
    learnersNext: ascending(draft.learnersNext),
    autoLeave: draft.autoLeave,
  }
  return { kind: 'changed', membership: { confState, progress: draft.progress } }
}

function refused(reason: MembershipRefusal): MembershipResult {
  return { kind: 'refused', reason }
}

function checkInvariants(draft: Draft): void {
  for (const ids of [draft.voters, draft.votersOutgoing, draft.learners, draft.learnersNext]) {
    for (const id of ids) progressOf(draft, id)
  }
  for (const id of draft.learnersNext) {
    if (!draft.votersOutgoing.has(id)) violated(`next learner ${id} is not an outgoing voter`)
    if (progressOf(draft, id).isLearner) violated(`next learner ${id} is a learner already`)
  }
  for (const id of draft.learners) {
    if (draft.voters.has(id) || draft.votersOutgoing.has(id)) violated(`member ${id} is voter and learner`)
    if (!progressOf(draft, id).isLearner) violated(`learner ${id} is not marked as learner`)
  }
  if (draft.votersOutgoing.size > 0) return
  if (draft.learnersNext.size > 0) violated('learners wait for the end of a joint configuration that is none')
  if (draft.autoLeave) violated('a configuration that is not joint cannot be left automatically')
}

function ascending(ids: ReadonlySet<NodeId>): NodeId[] {
  return [...ids].sort((left, right) => left - right)
}
