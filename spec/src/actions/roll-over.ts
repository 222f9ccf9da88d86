import { lastSegment, segmentById, type MetadataCommand, type NodeId } from '@walrus/core'
import { internedCommand } from '../model/interned.js'
import { counted, entryCount } from '../model/records.js'
import type { State } from '../model/state.js'
import {
  itemAt,
  newest,
  newestTopic,
  nodeIds,
  nodeOf,
  segmentName,
  suffered,
  topicName,
  viewOf,
  withCopy,
  withWriter,
  type Place,
} from '../model/update.js'
import type { Action, Step, World } from './step.js'
import { holdsLease, rolloverOf, writingAt, type Writing } from './writer-steps.js'

/**
 * A leader's rollover in its steps: gate, drain, compare-and-set.
 *
 * Code: libs/cluster/src/leading/roll-over.ts#rollOver, libs/cluster/src/leading/local-segment.ts#recordEnd,
 *       libs/cluster/src/leading/roll-over.ts#untilKnown, libs/cluster/src/cluster-node.ts#rollAway,
 *       libs/cluster/src/administration/administration.ts#rollTopic, libs/core/src/rollover.ts#decideRollover
 */
export const rollOver: Action = (world, state, emit) => {
  for (const node of nodeIds(state)) {
    for (const topic of nodeOf(state, node).topics.keys()) {
      const place = { node, topic }
      const writing = writingAt(state, place)
      if (writing === undefined) continue
      if (writing.writer.gate === 'open') {
        closeGate(world, state, place, writing, emit)
        handOver(world, state, place, writing, emit)
      }
      if (writing.writer.gate === 'closed') seal(world, state, place, writing, emit)
      if (writing.writer.gate === 'sealing') sealAgain(state, place, writing, emit)
    }
  }
}

function closeGate(world: World, state: State, place: Place, writing: Writing, emit: (step: Step) => void): void {
  if (rolloverOf(world, state, place, writing, false).kind !== 'drain') return
  const next = withWriter(state, place, { ...writing.writer, gate: 'closed' })
  emit({
    kind: 'protocol',
    label: `node ${place.node} closes the gate of segment ${writing.writer.segment}`,
    state: next,
  })
}

/** A fault, in so far as nobody has to do it: the leader leaves, or an operator ends the segment. */
function handOver(world: World, state: State, place: Place, { writer }: Writing, emit: (step: Step) => void): void {
  if (state.left.handovers === 0 || !holdsLease(world, state, place, writer)) return
  const next = withWriter(state, place, { ...writer, gate: 'closed', forced: true })
  const label = `node ${place.node} is to end ${segmentName(writer.segment, place.topic)}, and closes its gate`
  emit({ kind: 'fault', label, state: suffered(next, 'handovers') })
}

function seal(world: World, state: State, place: Place, writing: Writing, emit: (step: Step) => void): void {
  const { writer, copy } = writing
  if (!isDrained(world, state, place, writing)) return
  const decision = rolloverOf(world, state, place, writing, true)
  const isForced = writer.forced && holdsLease(world, state, place, writer)
  if (decision.kind !== 'seal' && !copy.ended && !isForced) {
    const kept = withWriter(state, place, { ...writer, gate: 'open', forced: false })
    emit({
      kind: 'protocol',
      label: `node ${place.node} keeps segment ${writer.segment} and opens its gate`,
      state: kept,
    })
    return
  }
  if (isUnrecorded(world, state, place, writing)) {
    fenceFirst(state, place, writing, emit)
    return
  }
  const controlCount = writer.committed - entryCount(copy.log.slice(0, writer.committed))
  const inLog = entryCount(copy.log.slice(0, writer.committed))
  const counts = { entryCount: decision.kind === 'seal' ? decision.sealedEntryCount : inLog, controlCount }
  for (const live of nextLeaders(state, place.node)) {
    const command = sealCommand(world, state, place.topic, { ...writer, counts }, live)
    if (command === undefined) continue
    const ended = { ...copy, ended: world.rules.habits.recordsEnd && copy.log.length > 0 }
    const recorded = withCopy(state, { ...place, segment: writer.segment }, ended)
    const sealing = withWriter(recorded, place, { ...writer, gate: 'sealing', seal: command })
    emit({
      kind: 'protocol',
      label: `node ${place.node} proposes ${describeCommand(command)}`,
      state: proposed(sealing, command),
    })
  }
}

function isDrained({ rules: { habits } }: World, state: State, place: Place, { writer, copy }: Writing): boolean {
  const end = copy.log.length
  if (!habits.drainsBeforeCount) return true
  if (habits.drainsToQuorum) return writer.committed === end
  const replicas = segmentById(viewOf(state, place), writer.segment)?.replicas ?? []
  return replicas.every((node) => node === place.node || itemAt(writer.confirmed, node - 1) === end)
}

/** Of an only copy in which nothing is, nothing is on the disk that could say where it ends. */
function isUnrecorded({ rules: { habits } }: World, state: State, place: Place, { writer, copy }: Writing): boolean {
  const segment = segmentById(viewOf(state, place), writer.segment)
  return habits.fencesUnrecordedEnd && segment?.replicas.length === 1 && copy.log.length === 0
}

/** Under the new epoch a coordinator ends it. */
function fenceFirst(state: State, place: Place, { writer }: Writing, emit: (step: Step) => void): void {
  const { segment, epoch } = writer
  const command = internedCommand({ kind: 'FenceSegment', topic: topicName(place.topic), segment, epoch })
  const sealing = withWriter(state, place, { ...writer, gate: 'sealing' })
  const label = `node ${place.node} proposes ${describeCommand(command)}`
  emit({ kind: 'protocol', label, state: proposed(sealing, command) })
}

/** A fault: the answer does not come in time. So the same command again, until its outcome is known. */
function sealAgain(state: State, place: Place, { writer }: Writing, emit: (step: Step) => void): void {
  if (writer.seal === undefined || state.proposals.includes(writer.seal) || state.left.repeats === 0) return
  if (segmentById(viewOf(state, place), writer.segment)?.epoch !== writer.epoch) return
  const label = `node ${place.node} proposes again: ${describeCommand(writer.seal)}`
  emit({ kind: 'fault', label, state: suffered(proposed(state, writer.seal), 'repeats') })
}

/** What ends a segment, with `live` to lead the next one (placeNextSegment, with only that node known as live). */
export function sealCommand(
  { rules }: World,
  state: State,
  topicIndex: number,
  end: {
    readonly segment: number
    readonly epoch: number
    readonly counts: { readonly entryCount: number; readonly controlCount: number }
  },
  live: NodeId,
): MetadataCommand | undefined {
  const topic = newestTopic(state, topicIndex)
  const view = { nodes: newest(state).nodes, live: new Set([live]) }
  const placement = rules.decisions.placeNextSegment(view, lastSegment(topic).leader, topic.config.replicationFactor)
  if (placement === undefined) return undefined
  const { segment, epoch, counts } = end
  const next = { nextLeader: placement.leader, nextReplicas: placement.replicas }
  return internedCommand({ kind: 'SealAndRoll', topic: topicName(topicIndex), segment, epoch, ...counts, ...next })
}

/** Whoever is up and not the leader now; the leader itself when nobody else is. */
export function nextLeaders(state: State, leader: NodeId): readonly NodeId[] {
  const others = nodeIds(state).filter((node) => node !== leader && nodeOf(state, node).up)
  return others.length > 0 ? others : [leader]
}

export function proposed(state: State, command: MetadataCommand): State {
  return state.proposals.includes(command) ? state : { ...state, proposals: [...state.proposals, command] }
}

export function describeCommand(command: MetadataCommand): string {
  if (command.kind === 'FenceSegment')
    return `FenceSegment ${command.segment} of ${command.topic} at epoch ${command.epoch}`
  if (command.kind !== 'SealAndRoll') return command.kind
  const { topic, segment, epoch, controlCount, nextLeader } = command
  const counts = `${counted(command.entryCount, 'entry')} and ${counted(controlCount, 'control batch')}`
  return `SealAndRoll ${segment} of ${topic} at epoch ${epoch} with ${counts}, next leader ${nextLeader}`
}
