import { assert, endPosition, lastSegment, segmentById, type CopyReport, type NodeId } from '@walrus/core'
import { counted, entryCount } from '../model/records.js'
import type { Copy, Recovery, State } from '../model/state.js'
import {
  copyOf,
  newestTopic,
  nodeIds,
  nodeOf,
  replaced,
  segmentName,
  suffered,
  topicName,
  viewOf,
  withCopy,
  withNewRecovery,
  withRecovery,
  type Place,
  type SegmentPlace,
} from '../model/update.js'
import { learnedUpTo } from './metadata.js'
import { describeCommand, nextLeaders, proposed, sealCommand } from './roll-over.js'
import type { Action, Step, World } from './step.js'
import { settled, stopped, writingAt } from './writer-steps.js'

/**
 * Coordinators end a fenced segment at its longest copy.
 *
 * Code: libs/cluster/src/replication/recovery-coordinator.ts#recover,
 *       libs/cluster/src/replication/segment-recovery.ts#reports,
 *       libs/cluster/src/replication/replica-service.ts#fence,
 *       libs/cluster/src/replication/replica-service.ts#copySegment,
 *       libs/cluster/src/replication/segment-copier.ts#complete, libs/cluster/src/replication/segment-recovery.ts#seal,
 *       libs/core/src/replication.ts#decideRecovery, libs/core/src/replication.ts#wholeCopies
 */
export const recover: Action = (world, state, emit) => {
  for (const [topic, attempts] of state.recoveries.entries()) {
    begin(state, topic, attempts, emit)
    for (const recovery of attempts) goOn(world, state, topic, recovery, emit)
  }
}

/** One coordinator to an epoch, and one seal. A second one is a fault: two nodes each take themselves for the one. */
function begin(state: State, topic: number, attempts: readonly Recovery[], emit: (step: Step) => void): void {
  const { id, epoch, state: phase } = lastSegment(newestTopic(state, topic))
  if (phase !== 'recovering') return
  const recovery = { segment: id, epoch, reports: state.nodes.map(() => undefined) }
  const next = withNewRecovery(state, topic, recovery)
  if (!attempts.some((one) => one.epoch === epoch) && !isProposed(state, topic, epoch)) {
    const label = `a coordinator begins to recover segment ${id} under epoch ${epoch}`
    emit({ kind: 'protocol', label, state: next })
  } else if (state.left.takeovers > 0) {
    const label = `a second coordinator begins to recover segment ${id}, also under epoch ${epoch}`
    emit({ kind: 'fault', label, state: suffered(next, 'takeovers') })
  }
}

function isProposed(state: State, topic: number, epoch: number): boolean {
  return state.proposals.some(
    (one) => one.kind === 'SealAndRoll' && one.topic === topicName(topic) && one.epoch === epoch,
  )
}

function goOn(world: World, state: State, topic: number, recovery: Recovery, emit: (step: Step) => void): void {
  const segment = newestTopic(state, topic).segments[recovery.segment - 1]
  assert(segment !== undefined, 'a coordinator knows its segment')
  for (const replica of segment.replicas) {
    if (recovery.reports[replica - 1] === undefined) hear(world, state, { node: replica, topic }, recovery, emit)
  }
  const reports = reportsOf(state, topic, recovery)
  const decision = world.rules.decisions.decideRecovery(segment, reports)
  if (decision.kind === 'wait') return
  const end = endPosition(decision.source)
  for (const { node } of reports) copyTo(world, state, { node, topic }, recovery, end, emit)
  const whole = world.rules.decisions.wholeCopies(decision.source, reports)
  const ready = whole.length >= decision.copies || !world.rules.habits.copiesBeforeSeal
  if (ready) sealAt(world, state, topic, recovery, decision.source, emit)
  else if (sourceOf(state, topic, recovery, end) === undefined) giveUp(state, topic, recovery, emit)
}

/** Who has all of it is gone: the attempt fails, and is made anew with those that can be heard. */
function giveUp(state: State, topic: number, recovery: Recovery, emit: (step: Step) => void): void {
  const label = `the coordinator of ${segmentName(recovery.segment, topic)} cannot reach the longest copy, and gives this attempt up`
  emit({ kind: 'protocol', label, state: withRecovery(state, topic, recovery, undefined) })
}

/** A node from which the segment can be copied up to `end`. One that learned of another's seal has given its tail up. */
function sourceOf(state: State, topic: number, { segment, reports }: Recovery, end: number): NodeId | undefined {
  return nodeIds(state).find((node) => {
    const length = copyOf(state, { node, topic, segment })?.log.length ?? 0
    return nodeOf(state, node).up && reports[node - 1] === end && length >= end
  })
}

/**
 * The replica waits until its metadata have the epoch, refuses older ones from then on (a copy durably, and without a copy by
 * its metadata, which the next start brings up to date), and then tells its end.
 */
function hear(world: World, before: State, place: Place, recovery: Recovery, emit: (step: Step) => void): void {
  if (!nodeOf(before, place.node).up) return
  const at = { ...place, segment: recovery.segment }
  const state = learnedUpTo(world, before, at, recovery.epoch)
  const known = segmentById(viewOf(state, at), at.segment)
  if (known?.epoch !== recovery.epoch || known.state === 'sealed') return
  const copy = copyOf(state, at)
  if (copy !== undefined && copy.fencedEpoch > recovery.epoch) return
  // Nobody else writes to an only copy: there the metadata are enough.
  const fencedEpoch = known.replicas.length > 1 ? recovery.epoch : (copy?.fencedEpoch ?? 0)
  const fenced = copy === undefined ? state : fencedCopy(world, state, at, { ...copy, fencedEpoch })
  const report = world.rules.habits.fenceDrains ? (copyOf(fenced, at)?.durable ?? 0) : (copy?.durable ?? 0)
  const next = { ...recovery, reports: replaced(recovery.reports, place.node - 1, report) }
  const label = `node ${place.node} is fenced for segment ${recovery.segment} at epoch ${recovery.epoch} and tells that it has ${counted(report, 'record')}`
  emit({ kind: 'protocol', label, state: withRecovery(fenced, place.topic, recovery, next) })
}

function fencedCopy(world: World, state: State, at: SegmentPlace, copy: Copy): State {
  const leads = writingAt(state, at)?.writer.segment === at.segment
  const stops = leads && world.rules.habits.fenceStopsWriter
  if (!world.rules.habits.fenceDrains) return stops ? stopped(withCopy(state, at, copy), at) : withCopy(state, at, copy)
  const durable = copy.log.length
  const confirmed = leads ? copy.confirmed : Math.max(copy.confirmed, durable)
  const drained = withCopy(state, at, { ...copy, durable, confirmed })
  if (!leads) return drained
  return stops ? stopped(settled(world, drained, at), at) : settled(world, drained, at)
}

/** A heard replica takes what it lacks from one that has it, under the recovery's epoch (decideReplicate). */
function copyTo(
  world: World,
  state: State,
  to: Place,
  recovery: Recovery,
  end: number,
  emit: (step: Step) => void,
): void {
  const at = { ...to, segment: recovery.segment }
  const source = sourceOf(state, to.topic, recovery, end)
  if (source === undefined || !nodeOf(state, to.node).up) return
  const isSealed = segmentById(viewOf(state, at), at.segment)?.state === 'sealed'
  if (isSealed && world.rules.habits.sealEndsCopies) return
  if ((recovery.reports[to.node - 1] ?? end) >= end) return
  const from = copyOf(state, { ...at, node: source })
  assert(from !== undefined, 'a node that told its end has a copy')
  const target = copyOf(state, at) ?? { ...from, log: [], durable: 0, ended: false, fencedEpoch: 0, confirmed: 0 }
  const position = target.log.length
  const stretch = { epoch: recovery.epoch, position }
  if (world.rules.decisions.decideReplicate({ epoch: target.fencedEpoch, position }, stretch).kind !== 'append') return
  const log = [...target.log, ...from.log.slice(position, end)]
  const copied = withCopy(state, at, {
    ...target,
    log,
    durable: log.length,
    committed: Math.min(target.committed, position),
  })
  const next = { ...recovery, reports: replaced(recovery.reports, to.node - 1, end) }
  const label = `node ${to.node} copies segment ${recovery.segment} up to ${end} from node ${source}`
  emit({ kind: 'protocol', label, state: withRecovery(copied, to.topic, recovery, next) })
}

function sealAt(
  world: World,
  state: State,
  topic: number,
  recovery: Recovery,
  source: CopyReport,
  emit: (step: Step) => void,
): void {
  const { segment, epoch } = recovery
  const counts = { entryCount: source.entryCount, controlCount: source.controlCount }
  for (const live of nextLeaders(state, lastSegment(newestTopic(state, topic)).leader)) {
    const command = sealCommand(world, state, topic, { segment, epoch, counts }, live)
    if (command === undefined) continue
    const next = proposed(withRecovery(state, topic, recovery, undefined), command)
    emit({ kind: 'protocol', label: `the coordinator proposes ${describeCommand(command)}`, state: next })
  }
}

function reportsOf(state: State, topic: number, { segment, reports }: Recovery): readonly CopyReport[] {
  return reports.flatMap((position, index) => {
    if (position === undefined) return []
    const copy = copyOf(state, { node: index + 1, topic, segment })
    const entries = entryCount(copy?.log.slice(0, position) ?? [])
    // No topic is deleted in the model, so all copies were created under one epoch.
    const createdEpoch = copy === undefined ? 0 : 1
    return [{ node: index + 1, createdEpoch, entryCount: entries, controlCount: position - entries }]
  })
}
