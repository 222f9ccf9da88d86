import { assert, endPosition, lastSegment, segmentById, type SegmentMetadata } from '@walrus/core'
import { entryCount, isEntry, type LogRecord, type Operation } from '../model/records.js'
import type { Copy, State, Writer } from '../model/state.js'
import {
  copyOf,
  itemAt,
  nodeOf,
  partOf,
  viewOf,
  withClient,
  withCopy,
  withWriter,
  type Place,
} from '../model/update.js'
import type { World } from './step.js'

/** A running writer with its copy. */
export interface Writing {
  readonly writer: Writer
  readonly copy: Copy
}

/** The writer at that place, whatever its gate; undefined if there is none. */
export function writingAt(state: State, place: Place): Writing | undefined {
  const { writer } = partOf(state, place)
  if (writer === undefined) return undefined
  const copy = copyOf(state, { ...place, segment: writer.segment })
  assert(copy !== undefined, 'a writer has a copy')
  return { writer, copy }
}

/** Whether the node may write now: what its metadata and its last contact grant (decideLease, leaseHeld). */
export function holdsLease({ rules: { decisions } }: World, state: State, place: Place, writer: Writer): boolean {
  const { silence } = nodeOf(state, place.node)
  const question = { node: place.node, quorumContactMs: -silence, leaseDurationMs: 1 }
  const decision = decisions.decideLease(viewOf(state, place), question)
  return decision.kind === 'granted' && decisions.leaseHeld(decision.lease, writer, 0)
}

/** What decideRollover says of the open segment. */
export function rolloverOf(world: World, state: State, place: Place, { writer, copy }: Writing, drained: boolean) {
  const { decisions, habits } = world.rules
  const inLog = entryCount(drained ? copy.log.slice(0, writer.committed) : copy.log)
  const tail = {
    leaseHeld: holdsLease(world, state, place, writer),
    drained,
    entryCount: habits.countsTheLog ? inLog : writer.counted,
    sizeBytes: 0,
    ageMs: 0,
  }
  return decisions.decideRollover(tail, viewOf(state, place).config)
}

/** The record is appended to the leader's own log, and not durable yet. A segment that is full closes its gate. */
export function appended(world: World, state: State, place: Place, record: LogRecord): State {
  const writing = writingAt(state, place)
  assert(writing !== undefined, 'who appends has a writer')
  const copy = { ...writing.copy, log: [...writing.copy.log, record] }
  const counted = writing.writer.counted + (isEntry(record) ? 1 : 0)
  const writer = { ...writing.writer, counted }
  const { gate } = writer
  const closes = gate === 'open' && rolloverOf(world, state, place, { writer, copy }, false).kind === 'drain'
  const next = withCopy(state, { ...place, segment: writer.segment }, copy)
  return withWriter(next, place, closes ? { ...writer, gate: 'closed' } : writer)
}

/** Tickets up to what a quorum has on stable storage are settled (committedPosition). */
export function settled(world: World, state: State, place: Place): State {
  const writing = writingAt(state, place)
  if (writing === undefined || writing.writer.gate === 'stopped') return state
  const { writer, copy } = writing
  const segment = segmentById(viewOf(state, place), writer.segment)
  assert(segment !== undefined, 'a writer knows its segment')
  const positions = segment.replicas.map((node) =>
    node === place.node ? copy.durable : itemAt(writer.confirmed, node - 1),
  )
  const quorum = quorumOf(world, segment)
  const committed = Math.min(world.rules.decisions.committedPosition(positions, quorum), copy.log.length)
  return committed > writer.committed ? committedUpTo(state, place, committed) : state
}

function quorumOf({ rules: { habits } }: World, { ackQuorum, replicas }: SegmentMetadata): number {
  if (!habits.waitsForQuorum) return 1
  return habits.quorumIsEnough ? ackQuorum : replicas.length
}

/** The writer's tickets up to that position are settled: entries are acknowledged, and the one that is served delivered. */
export function committedUpTo(state: State, place: Place, position: number): State {
  const writing = writingAt(state, place)
  assert(writing !== undefined, 'who commits has a writer')
  const { writer, copy } = writing
  let next = state
  for (let at = writer.committed; at < Math.min(position, copy.log.length); at += 1) {
    const record = itemAt(copy.log, at)
    if (isEntry(record)) next = acknowledged(next, place, record, writer.segment)
  }
  next = withCopy(
    next,
    { ...place, segment: writer.segment },
    { ...copy, committed: Math.max(copy.committed, position) },
  )
  const { serving } = writer
  if (serving === undefined || serving.position >= position)
    return withWriter(next, place, { ...writer, committed: position })
  next = withWriter(next, place, { ...writer, committed: position, serving: undefined, cursor: serving.offset + 1 })
  return delivered(next, place.topic, serving.operation, serving.offset)
}

/** The client of that operation is told that it is done. */
export function acknowledged(state: State, place: Place, operation: Operation, segmentId: number): State {
  const known = itemAt(state.clients, place.topic).acked
  if (known.some((one) => one.operation === operation)) return state
  const offset = offsetIn(state, place, operation, segmentId)
  const acked = [...known, { operation, offset }].sort((left, right) => left.operation - right.operation)
  return withClient(state, place.topic, { acked })
}

/** A reader gets the entry. */
export function delivered(state: State, topic: number, operation: Operation, offset: number): State {
  const known = itemAt(state.clients, topic).delivered
  return withClient(state, topic, { delivered: [...known, { operation, offset }] })
}

/** Where the node has that operation: in that segment, or in an earlier one. */
function offsetIn(state: State, place: Place, operation: Operation, segmentId: number): number {
  for (let id = segmentId; id > 0; id -= 1) {
    const copy = copyOf(state, { ...place, segment: id })
    const position = copy?.log.indexOf(operation) ?? -1
    const segment = segmentById(viewOf(state, place), id)
    if (copy === undefined || segment === undefined || position < 0) continue
    return segment.baseOffset + entryCount(copy.log.slice(0, position))
  }
  return UNKNOWN_OFFSET
}

/** A leader that knows a sequence from the topic's state, and has not the segment, cannot tell its offset. */
export const UNKNOWN_OFFSET = -1

/** The writer takes and tells nothing more; what becomes of its tickets is for metadata to say. */
export function stopped(state: State, place: Place): State {
  const { writer } = partOf(state, place)
  if (writer === undefined || writer.gate === 'stopped') return state
  return withWriter(state, place, { ...writer, gate: 'stopped', seal: undefined })
}

/** Metadata has sealed the segment: what is before its end is done, what is behind it was never there. */
export function resolvedSealed({ rules }: World, state: State, place: Place): State {
  const writing = writingAt(state, place)
  if (writing === undefined) return state
  const segment = segmentById(viewOf(state, place), writing.writer.segment)
  if (segment?.state !== 'sealed') {
    const current = lastSegment(viewOf(state, place))
    return current.epoch > writing.writer.epoch && rules.habits.fenceStopsWriter ? stopped(state, place) : state
  }
  const end = endPosition(segment)
  const next = end > writing.writer.committed ? committedUpTo(state, place, end) : state
  return withWriter(next, place, undefined)
}
