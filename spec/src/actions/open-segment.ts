import { endPosition, lastSegment, segmentById } from '@walrus/core'
import type { Copy, State, TopicStart } from '../model/state.js'
import { emptyStart, stateAfter } from '../model/topic-start.js'
import {
  copyOf,
  nodeIds,
  nodeOf,
  partOf,
  segmentName,
  viewOf,
  withCopy,
  withNode,
  withWriter,
  type Place,
  type SegmentPlace,
} from '../model/update.js'
import type { Action, Step, World } from './step.js'
import { settled } from './writer-steps.js'

/**
 * The leader that metadata names begins to write, with the topic's state so far.
 *
 * Code: libs/cluster/src/leading/open-tail.ts#openTail, libs/cluster/src/replication/inherited-state.ts#inheritedState
 */
export const openSegment: Action = (world, state, emit) => {
  for (const node of nodeIds(state)) {
    if (!nodeOf(state, node).up) continue
    for (const topic of nodeOf(state, node).topics.keys()) openAt(world, state, { node, topic }, emit)
  }
}

function openAt(world: World, state: State, place: Place, emit: (step: Step) => void): void {
  const segment = lastSegment(viewOf(state, place))
  const { writer } = partOf(state, place)
  if (segment.state !== 'open' || segment.leader !== place.node || writer !== undefined) return
  if (isOfPreviousLife(world, state, place) && segment.replicas.length > 1) return
  const label = `node ${place.node} opens ${segmentName(segment.id, place.topic)}`
  const stored = copyOf(state, { ...place, segment: segment.id })
  const start = stored?.start ?? startOf(world, state, { ...place, segment: segment.id })
  if (start === undefined) return
  emit({ kind: 'protocol', label, state: opened(world, state, { ...place, segment: segment.id }, start, stored) })
}

/** Led by this node, in metadata as it was when the node started: somebody else may have been told to go on with it. */
export function isOfPreviousLife({ rules }: World, state: State, place: Place): boolean {
  return rules.habits.restartFences && lastSegment(viewOf(state, place)).id <= partOf(state, place).inherited
}

function opened(world: World, state: State, place: SegmentPlace, start: TopicStart, stored: Copy | undefined): State {
  const { epoch } = lastSegment(viewOf(state, place))
  const fresh = { log: [], durable: 0, ended: false, fencedEpoch: epoch, start, confirmed: 0, committed: 0 }
  const copy = stored ?? fresh
  const confirmed = state.nodes.map(() => 0)
  const { cursor } = stateAfter(start, copy.log)
  // An end that is recorded belongs to a rollover that a crash interrupted: it is finished, and nothing more gets in.
  const gate = copy.ended ? ('closed' as const) : ('open' as const)
  const writer = { segment: place.segment, epoch, gate, forced: false, confirmed, committed: 0, counted: 0 }
  const whole = {
    ...writer,
    cursor: world.rules.habits.cursorFromLog ? cursor : 0,
    serving: undefined,
    seal: undefined,
  }
  const lease = withNode(state, place.node, { silence: 0 })
  return settled(world, withWriter(withCopy(lease, place, copy), place, whole), place)
}

/**
 * The state at the end of the segment before, from the node's own copy if that is whole, and else from another; undefined
 * while no whole copy can be had. A segment in which nothing was written is passed over: nobody has to have a copy.
 */
function startOf(world: World, state: State, place: SegmentPlace): TopicStart | undefined {
  const none = emptyStart(world.configuration.producers)
  const before = segmentById(viewOf(state, place), place.segment - 1)
  if (before === undefined) return none
  const at = { ...place, segment: before.id }
  if (endPosition(before) === 0) return startOf(world, state, at)
  const { habits } = world.rules
  const end = habits.stateFromWholeCopy ? endPosition(before) : 0
  const copy = wholeCopy(state, at, end) ?? copyElsewhere(state, at, end)
  if (copy === undefined) return undefined
  const after = stateAfter(copy.start, copy.log.slice(0, endPosition(before)))
  return habits.inheritsSequences ? after : { ...after, sequences: none.sequences }
}

function copyElsewhere(state: State, place: SegmentPlace, end: number): Copy | undefined {
  const copies = nodeIds(state).map((node) => wholeCopy(state, { ...place, node }, end))
  return copies.find((copy) => copy !== undefined)
}

/** That node's copy, if the node is up and has `end` records. */
function wholeCopy(state: State, place: SegmentPlace, end: number): Copy | undefined {
  if (!nodeOf(state, place.node).up) return undefined
  const copy = copyOf(state, place)
  return copy !== undefined && copy.log.length >= end ? copy : undefined
}
