import { lastSegment, type MetadataCommand, type NodeId, type SegmentMetadata } from '@walrus/core'
import { internedCommand } from '../model/interned.js'
import type { State } from '../model/state.js'
import { newestTopic, nodeOf, partOf, suffered, topicName, type Place } from '../model/update.js'
import { describeCommand, proposed } from './roll-over.js'
import type { Action, World } from './step.js'

/**
 * Somebody has the leader of an open segment fenced: because it is silent (liveNodes), because it came back, or because it
 * cannot go on. A fence of what is fenced already is not proposed: it would be stale.
 *
 * Code: libs/cluster/src/replication/segment-recovery.ts#fenced, libs/cluster/src/leading/previous-life.ts#fenceAll,
 *       libs/cluster/src/routing/topic-runtime.ts#fence
 */
export const proposeFence: Action = (world, state, emit) => {
  for (const topic of state.clients.keys()) {
    const segment = lastSegment(newestTopic(state, topic))
    const { leader } = segment
    if (segment.state !== 'open' || segment.replicas.length === 1) continue
    if (!isSilent(world, state, leader) && !cannotGoOn(world, state, { node: leader, topic }, segment)) continue
    const command = fenceCommand(topic, segment)
    if (state.proposals.includes(command)) continue
    emit({ kind: 'protocol', label: `proposed: ${describeCommand(command)}`, state: proposed(state, command) })
  }
}

/**
 * A second coordinator takes a recovery over: it fences again, and the first one's seal is stale.
 *
 * Code: libs/core/src/metadata/apply-segment.ts#fenceSegment
 */
export const takeOver: Action = (_, state, emit) => {
  if (state.left.takeovers === 0) return
  for (const topic of state.clients.keys()) {
    const segment = lastSegment(newestTopic(state, topic))
    if (segment.state !== 'recovering') continue
    const command = fenceCommand(topic, segment)
    if (state.proposals.includes(command)) continue
    const next = suffered(proposed(state, command), 'takeovers')
    emit({ kind: 'fault', label: `a second coordinator proposes ${describeCommand(command)}`, state: next })
  }
}

function fenceCommand(topic: number, { id, epoch }: SegmentMetadata): MetadataCommand {
  return internedCommand({ kind: 'FenceSegment', topic: topicName(topic), segment: id, epoch })
}

function cannotGoOn(world: World, state: State, place: Place, segment: SegmentMetadata): boolean {
  const { writer, inherited } = partOf(state, place)
  if (writer !== undefined) return writer.segment === segment.id && writer.gate === 'stopped'
  return world.rules.habits.restartFences && segment.id <= inherited
}

/** Times are ticks before now; a node that is down has not answered for two. */
function isSilent({ rules }: World, state: State, leader: NodeId): boolean {
  const contacts = new Map([[leader, -nodeOf(state, leader).silence]])
  const somebodyElse = leader + 1
  return !rules.decisions.liveNodes(contacts, somebodyElse, 0, 1).has(leader)
}
