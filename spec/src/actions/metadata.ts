import { endPosition, lastSegment, majority, segmentById, type ClusterMetadata, type NodeId } from '@walrus/core'
import { internedMetadata } from '../model/interned.js'
import type { State } from '../model/state.js'
import {
  newest,
  newestTopic,
  nodeIds,
  nodeOf,
  partOf,
  viewOf,
  withCopy,
  withNode,
  type Place,
  type SegmentPlace,
} from '../model/update.js'
import { describeCommand } from './roll-over.js'
import type { Action, World } from './step.js'
import { resolvedSealed } from './writer-steps.js'

/**
 * Raft applies a proposal (applyCommand), in any order, while a majority is up.
 *
 * Code: libs/core/src/metadata/apply-segment.ts#sealAndRoll, libs/core/src/metadata/apply-segment.ts#fenceSegment
 */
export const applyProposal: Action = ({ rules }, state, emit) => {
  if (!majorityUp(state)) return
  for (const command of state.proposals) {
    const { state: after, result } = rules.decisions.applyCommand(newest(state), command)
    const proposals = state.proposals.filter((other) => other !== command)
    const history = result.outcome === 'applied' ? [...state.history, internedMetadata(after)] : state.history
    const label = `${result.outcome}: ${describeCommand(command)}`
    emit({ kind: 'protocol', label, state: { ...state, proposals, history } })
  }
}

/**
 * A node applies the newest metadata, and acts on it. Where there is nothing to act on it need not:
 * a node that knows less refuses less.
 *
 * Code: libs/cluster/src/routing/topic-runtime.ts#adopt, libs/cluster/src/replication/segment-repair.ts#follow,
 *       libs/cluster/src/replication/await-metadata.ts#awaitSegment
 */
export const learnMetadata: Action = (world, state, emit) => {
  const last = state.history.length - 1
  for (const node of nodeIds(state)) {
    const { up, view: before } = nodeOf(state, node)
    if (!up || before === last) continue
    const learned = withNode(state, node, { view: last })
    const next = observed(world, learned, node)
    const matters = next !== learned || mayOpen(next, node) || world.configuration.repairs
    if (!matters) continue
    emit({ kind: 'protocol', label: `node ${node} learns: ${describeMetadata(newest(state))}`, state: trimmed(next) })
  }
}

/** A node that is asked about an epoch waits until its metadata have it; it does not act on what it is asked before. */
export function learnedUpTo(world: World, state: State, at: SegmentPlace, epoch: number): State {
  const known = segmentById(viewOf(state, at), at.segment)
  if (known !== undefined && known.epoch >= epoch) return state
  return observed(world, withNode(state, at.node, { view: state.history.length - 1 }), at.node)
}

function mayOpen(state: State, node: NodeId): boolean {
  return state.clients.some((_, topic) => {
    const segment = lastSegment(newestTopic(state, topic))
    return segment.state === 'open' && segment.leader === node && partOf(state, { node, topic }).writer === undefined
  })
}

/** Raft decides, and nodes hear each other, while more than half are up. */
export function majorityUp(state: State): boolean {
  return state.nodes.filter((node) => node.up).length >= majority(state.nodes.length)
}

/** What a node does at once when it sees metadata. */
export function observed(world: World, state: State, node: NodeId): State {
  let next = state
  for (const topic of nodeOf(state, node).topics.keys()) {
    const place = { node, topic }
    next = withoutTails(world, resolvedSealed(world, next, place), place)
  }
  return next
}

/** The view of a node that is down: when it starts, it waits for the newest. */
export const NO_VIEW = -1

/** Forgets metadata that no node acts on any more. */
export function trimmed(state: State): State {
  const oldest = Math.min(...state.nodes.map(({ view }) => (view === NO_VIEW ? state.history.length - 1 : view)))
  if (oldest === 0) return state
  const nodes = state.nodes.map((node) => (node.view === NO_VIEW ? node : { ...node, view: node.view - oldest }))
  return { ...state, history: state.history.slice(oldest), nodes }
}

/** A copy that is longer than its sealed segment gives up what nobody was promised (decideCopy). */
function withoutTails({ rules }: World, state: State, place: Place): State {
  let next = state
  if (!rules.habits.truncatesTail) return state
  for (const [index, copy] of partOf(state, place).copies.entries()) {
    const segment = segmentById(viewOf(state, place), index + 1)
    if (copy === undefined || segment?.state !== 'sealed') continue
    const end = endPosition(segment)
    const stored = { position: copy.log.length, epoch: segment.createdEpoch, sealed: copy.ended }
    const verdict = rules.decisions.decideCopy(stored, segment)
    if (verdict !== 'truncate' && copy.committed === Math.min(end, copy.log.length)) continue
    const log = verdict === 'truncate' ? copy.log.slice(0, end) : copy.log
    const short = { ...copy, log, durable: Math.min(copy.durable, log.length), committed: Math.min(end, log.length) }
    next = withCopy(next, { ...place, segment: index + 1 }, short)
  }
  return next
}

export function describeMetadata({ topics }: ClusterMetadata): string {
  const parts = [...topics.values()].map(({ name, segments }) => {
    const last = segments.at(-1)
    return last === undefined
      ? name
      : `segment ${last.id} of ${name} is ${last.state} at epoch ${last.epoch}, led by ${last.leader}`
  })
  return parts.join('; ')
}
