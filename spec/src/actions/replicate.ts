import { segmentById, type NodeId } from '@walrus/core'
import { counted, describeLog } from '../model/records.js'
import type { Copy, State, Stretch } from '../model/state.js'
import {
  copyOf,
  itemAt,
  nodeIds,
  nodeOf,
  partOf,
  segmentName,
  viewOf,
  withCopy,
  withWriter,
  type Place,
  type SegmentPlace,
} from '../model/update.js'
import type { Action, Step, World } from './step.js'
import { learnedUpTo } from './metadata.js'
import { settled, stopped, writingAt } from './writer-steps.js'

/**
 * What was written to a copy reaches stable storage; a replica confirms it to the writer.
 *
 * Code: libs/wal/src/commit/committer.ts#Committer
 */
export const sync: Action = (world, state, emit) => {
  for (const node of nodeIds(state)) {
    for (const [topic, { copies }] of nodeOf(state, node).topics.entries()) {
      for (const [index, copy] of copies.entries()) {
        if (copy === undefined || copy.durable === copy.log.length) continue
        const place = { node, topic, segment: index + 1 }
        const label = `node ${node} has ${describeLog(copy.log)} on stable storage (${segmentName(place.segment, topic)})`
        emit({ kind: 'protocol', label, state: synced(world, state, place, copy) })
      }
    }
  }
}

function synced(world: World, state: State, place: SegmentPlace, copy: Copy): State {
  const writes = partOf(state, place).writer?.segment === place.segment
  const durable = copy.log.length
  const next = withCopy(state, place, { ...copy, durable, confirmed: writes ? copy.confirmed : durable })
  return writes ? settled(world, next, place) : next
}

/**
 * A leader sends what it has and a replica lacks.
 *
 * Code: libs/cluster/src/replication/replica-stream.ts#pump
 */
export const sendStretch: Action = (world, state, emit) => {
  for (const node of nodeIds(state)) {
    for (const topic of nodeOf(state, node).topics.keys()) sendFrom(world, state, { node, topic }, emit)
  }
}

function sendFrom(world: World, state: State, place: Place, emit: (step: Step) => void): void {
  const writing = writingAt(state, place)
  if (writing === undefined || writing.writer.gate === 'stopped') return
  for (const to of segmentById(viewOf(state, place), writing.writer.segment)?.replicas ?? []) {
    if (to === place.node) continue
    if (world.configuration.stretchesInFlight === 0) sendAtOnce(world, state, place, to, emit)
    else sendDelayed(world, state, place, to, emit)
  }
}

/** From the end of the copy on: where that is, the replica's first answer has told. */
function sendAtOnce(world: World, state: State, place: Place, to: NodeId, emit: (step: Step) => void): void {
  if (!nodeOf(state, to).up) return
  const segment = writingAt(state, place)?.writer.segment ?? 0
  const position = copyOf(state, { node: to, topic: place.topic, segment })?.log.length ?? 0
  const stretch = stretchAt(state, place, to, position)
  if (stretch === undefined) return
  const next = received(world, state, stretch)
  if (next !== state) emit({ kind: 'protocol', label: `${describe(stretch)}, which answers at once`, state: next })
}

/** From any position on that is not confirmed: pipelined, sent again, and overtaking each other. */
function sendDelayed(world: World, state: State, place: Place, to: NodeId, emit: (step: Step) => void): void {
  const writing = writingAt(state, place)
  if (writing === undefined || state.stretches.length >= world.configuration.stretchesInFlight) return
  for (let position = itemAt(writing.writer.confirmed, to - 1); position < writing.copy.log.length; position += 1) {
    const stretch = stretchAt(state, place, to, position)
    if (stretch === undefined || state.stretches.some((other) => sameStretch(other, stretch))) continue
    emit({ kind: 'protocol', label: describe(stretch), state: { ...state, stretches: [...state.stretches, stretch] } })
  }
}

/**
 * What is under way arrives, or is lost when the node is down.
 *
 * Code: libs/cluster/src/replication/replica-service.ts#replicate, libs/core/src/replication.ts#decideReplicate
 */
export const receiveStretch: Action = (world, state, emit) => {
  for (const stretch of state.stretches) {
    const without = { ...state, stretches: state.stretches.filter((other) => other !== stretch) }
    const next = nodeOf(state, stretch.to).up ? received(world, without, stretch) : without
    emit({ kind: 'protocol', label: `arrived: ${describe(stretch)}`, state: next })
  }
}

/**
 * A replica's confirmation reaches the writer, however late.
 *
 * Code: libs/cluster/src/replication/replica-stream.ts#noteDurable,
 *       libs/cluster/src/replication/replicated-segment.ts#advance, libs/core/src/replication.ts#committedPosition
 */
export const learnConfirmed: Action = (world, state, emit) => {
  for (const node of nodeIds(state)) {
    for (const [topic, { writer }] of nodeOf(state, node).topics.entries()) {
      if (writer === undefined || writer.gate === 'stopped') continue
      for (const replica of nodeIds(state)) {
        const confirmed = copyOf(state, { node: replica, topic, segment: writer.segment })?.confirmed ?? 0
        if (replica === node || confirmed <= itemAt(writer.confirmed, replica - 1)) continue
        const known = writer.confirmed.map((position, index) => (index === replica - 1 ? confirmed : position))
        const next = settled(world, withWriter(state, { node, topic }, { ...writer, confirmed: known }), {
          node,
          topic,
        })
        emit({
          kind: 'protocol',
          label: `node ${node} hears that node ${replica} has ${counted(confirmed, 'record')}`,
          state: next,
        })
      }
    }
  }
}

/** What a replica makes of a stretch: what its metadata say of the epoch comes first, then its copy (decideReplicate). */
function received(world: World, before: State, stretch: Stretch): State {
  const place = { node: stretch.to, topic: stretch.topic, segment: stretch.segment }
  const state = learnedUpTo(world, before, place, stretch.epoch)
  const known = segmentById(viewOf(state, place), stretch.segment)
  if (known === undefined || known.state === 'sealed') return state
  if (known.epoch > stretch.epoch && world.rules.habits.metadataFences) return stoppedSender(state, stretch)
  const copy = copyOf(state, place) ?? newCopy(stretch)
  const at = { epoch: copy.fencedEpoch, position: copy.log.length }
  const decision = world.rules.decisions.decideReplicate(at, stretch)
  switch (decision.kind) {
    case 'stale':
      return stoppedSender(state, stretch)
    case 'gap':
      return state
    case 'append':
      return withCopy(state, place, taken(world, copy, stretch))
  }
}

function taken(world: World, copy: Copy, stretch: Stretch): Copy {
  const log = [...copy.log, stretch.record]
  const waits = world.configuration.replicasDelay
  const durable = waits ? copy.durable : log.length
  const confirmed = waits && world.rules.habits.confirmsDurable ? copy.confirmed : log.length
  const committed = Math.max(copy.committed, Math.min(stretch.committed, log.length))
  return { ...copy, log, durable, confirmed, committed }
}

function newCopy({ epoch, start }: Stretch): Copy {
  return { log: [], durable: 0, ended: false, fencedEpoch: epoch, start, confirmed: 0, committed: 0 }
}

function stoppedSender(state: State, stretch: Stretch): State {
  const place = { node: stretch.from, topic: stretch.topic }
  const { writer } = partOf(state, place)
  return writer?.segment === stretch.segment && writer.epoch === stretch.epoch ? stopped(state, place) : state
}

function stretchAt(state: State, place: Place, to: NodeId, position: number): Stretch | undefined {
  const writing = writingAt(state, place)
  const record = writing?.copy.log[position]
  if (writing === undefined || record === undefined) return undefined
  const { writer, copy } = writing
  const { segment, epoch, committed } = writer
  return { topic: place.topic, segment, epoch, from: place.node, to, position, record, committed, start: copy.start }
}

function sameStretch(left: Stretch, right: Stretch): boolean {
  return (
    left.topic === right.topic &&
    left.segment === right.segment &&
    left.to === right.to &&
    left.position === right.position
  )
}

function describe({ topic, segment, epoch, from, to, position, record }: Stretch): string {
  const what = `${describeLog([record])} at position ${position} of ${segmentName(segment, topic)}`
  return `node ${from} sends ${what} under epoch ${epoch} to node ${to}`
}
