import { lastSegment } from '@walrus/core'
import type { Copy, Node, NodeTopic, State } from '../model/state.js'
import {
  nodeIds,
  nodeOf,
  partOf,
  suffered,
  viewOf,
  withCopy,
  withNode,
  withPart,
  withWriter,
  type Place,
} from '../model/update.js'
import { majorityUp, NO_VIEW, observed, trimmed } from './metadata.js'
import type { Action, World } from './step.js'
import { stopped, writingAt } from './writer-steps.js'

/**
 * A process dies, with or without what it had written and not made durable.
 *
 * Code: none, the process is gone.
 */
export const crash: Action = (world, state, emit) => {
  if (state.left.crashes === 0) return
  for (const node of nodeIds(state)) {
    const before = nodeOf(state, node)
    if (!before.up) continue
    for (const keeps of hasVolatile(before) ? [false, true] : [false]) {
      const topics = before.topics.map((part) => partAfterCrash(world, part, keeps))
      // What a node had applied is not on its disk: without a barrier it begins with the oldest that anybody acts on.
      const view = world.rules.habits.waitsForBarrier ? NO_VIEW : 0
      const after = withNode(state, node, { up: false, view, silence: 2, topics })
      const label = `node ${node} crashes${keeps ? ', and what it had written is on the disk' : ''}`
      emit({ kind: 'fault', label, state: trimmed(suffered(after, 'crashes')) })
    }
  }
}

/**
 * A process starts, and takes part when its metadata are as new as the cluster's.
 *
 * Code: libs/cluster/src/open-node.ts#openNode, libs/cluster/src/leading/previous-life.ts#PreviousLife
 */
export const restart: Action = (world, state, emit) => {
  if (!majorityUp({ ...state, nodes: state.nodes.map((node) => ({ ...node, up: true })) })) return
  for (const node of nodeIds(state)) {
    if (nodeOf(state, node).up) continue
    const { view: before } = nodeOf(state, node)
    const view = before === NO_VIEW ? state.history.length - 1 : before
    let next = withNode(state, node, { up: true, view, silence: 0 })
    for (const topic of nodeOf(next, node).topics.keys()) {
      next = withPart(next, { node, topic }, { inherited: lastSegment(viewOf(next, { node, topic })).id })
    }
    emit({ kind: 'restart', label: `node ${node} starts`, state: trimmed(observed(world, next, node)) })
  }
}

/**
 * Time passes for a leader that nobody hears: its lease runs out, and then others take it for dead.
 *
 * Code: libs/cluster/src/liveness/write-lease.ts#WriteLease, libs/core/src/lease.ts#leaseHeld,
 *       libs/core/src/liveness.ts#liveNodes
 */
export const fallSilent: Action = (_, state, emit) => {
  for (const node of nodeIds(state)) {
    const { up, silence } = nodeOf(state, node)
    if (!up || silence === 2 || !writes(state, node)) continue
    if (silence === 0 && state.left.silences === 0) continue
    const next = withNode(state, node, { silence: silence + 1 })
    const label = `node ${node} is not heard for ${silence === 0 ? 'longer than its lease' : 'so long that it is taken for dead'}`
    emit({ kind: 'fault', label, state: silence === 0 ? suffered(next, 'silences') : next })
  }
}

/**
 * A leader is in contact with a majority again.
 *
 * Code: libs/cluster/src/liveness/heartbeats.ts#onContact, libs/cluster/src/liveness/write-lease.ts#sweep
 */
export const reachMajority: Action = (_, state, emit) => {
  if (!majorityUp(state)) return
  for (const node of nodeIds(state)) {
    const { up, silence } = nodeOf(state, node)
    if (!up || silence === 0) continue
    emit({
      kind: 'protocol',
      label: `node ${node} hears a majority again`,
      state: withNode(state, node, { silence: 0 }),
    })
  }
}

/**
 * A disk refuses a commit that replicas may have seen (SegmentLog: nothing of it is stored).
 *
 * Code: libs/cluster/src/replication/replicated-segment.ts#fail, libs/cluster/src/routing/topic-runtime.ts#fence
 */
export const refuseCommit: Action = ({ rules }, state, emit) => {
  if (state.left.refusals === 0) return
  for (const node of nodeIds(state)) {
    for (const topic of nodeOf(state, node).topics.keys()) {
      const place = { node, topic }
      const writing = writingAt(state, place)
      if (writing === undefined || writing.copy.durable === writing.copy.log.length) continue
      const refused = suffered(withRefused(state, place), 'refusals')
      const alone = lastSegment(viewOf(state, place)).replicas.length === 1
      const next = alone || !rules.habits.stopsWhenRefused ? reopened(refused, place) : stopped(refused, place)
      emit({ kind: 'fault', label: `the disk of node ${node} refuses what is not durable yet`, state: next })
    }
  }
}

function withRefused(state: State, place: Place): State {
  const writing = writingAt(state, place)
  if (writing === undefined) return state
  const { writer, copy } = writing
  const { serving } = writer
  const served = serving !== undefined && serving.position < copy.durable ? serving : undefined
  const log = copy.log.slice(0, copy.durable)
  const short = { ...copy, log, committed: Math.min(copy.committed, log.length) }
  const next = withCopy(state, { ...place, segment: writer.segment }, short)
  return withWriter(next, place, { ...writer, serving: served, committed: Math.min(writer.committed, log.length) })
}

function reopened(state: State, place: Place): State {
  const { writer } = partOf(state, place)
  return writer?.gate === 'closed' ? withWriter(state, place, { ...writer, gate: 'open' }) : state
}

function writes(state: State, node: number): boolean {
  return nodeOf(state, node).topics.some(({ writer }) => writer !== undefined && writer.gate !== 'stopped')
}

function hasVolatile(node: Node): boolean {
  return node.topics.some(({ copies }) => copies.some((copy) => copy !== undefined && copy.durable < copy.log.length))
}

function partAfterCrash(world: World, part: NodeTopic, keeps: boolean): NodeTopic {
  const copies = part.copies.map((copy) => copy && copyAfterCrash(world, copy, keeps))
  return { ...part, copies, writer: undefined }
}

function copyAfterCrash({ rules }: World, copy: Copy, keeps: boolean): Copy {
  const log = keeps ? copy.log : copy.log.slice(0, copy.durable)
  const fencedEpoch = rules.habits.fenceIsDurable ? copy.fencedEpoch : 0
  return { ...copy, log, durable: log.length, fencedEpoch, committed: 0 }
}
