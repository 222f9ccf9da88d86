import type { NodeId, NodeMetadata } from './metadata/model.js'
import type { SegmentPlacement } from './segment.js'
import { hashText } from './text-hash.js'

/** What placement looks at: the nodes of the metadata, and who is alive as far as this node can tell. */
export interface PlacementView {
  readonly nodes: ReadonlyMap<NodeId, NodeMetadata>
  readonly live: ReadonlySet<NodeId>
}

/** A segment placed on no dead, draining or learning leader; undefined when there is no live voter to lead it. */
export type Placement = SegmentPlacement | undefined

/** Places the segment after the one that `currentLeader` leads: on the next live voter in ascending order of ids, round. */
export function placeNextSegment(view: PlacementView, currentLeader: NodeId, replicationFactor: number): Placement {
  const live = liveVoters(view)
  const leader = live.find((id) => id > currentLeader) ?? live[0]
  return placeOn(view, leader, replicationFactor)
}

/** Places a topic's first segment: the hash of its name spreads topics over the live voters. */
export function placeFirstSegment(view: PlacementView, topicName: string, replicationFactor: number): Placement {
  const live = liveVoters(view)
  const leader = live[hashText(topicName) % live.length]
  return placeOn(view, leader, replicationFactor)
}

function placeOn(view: PlacementView, leader: NodeId | undefined, replicationFactor: number): Placement {
  return leader === undefined ? undefined : { leader, replicas: replicaSet(view, leader, replicationFactor) }
}

/**
 * min(replication factor, voters) nodes from the leader on in round-robin order, the live ones first. A dead voter fills
 * up the set when too few live, because it will be back and catch up; a draining one does not, because it leaves.
 */
function replicaSet(view: PlacementView, leader: NodeId, replicationFactor: number): readonly NodeId[] {
  const ring = rotateTo(eligibleVoters(view), leader)
  const live = ring.filter((id) => view.live.has(id))
  const dead = ring.filter((id) => !view.live.has(id))
  return [...live, ...dead].slice(0, replicationFactor)
}

function rotateTo(ring: readonly NodeId[], first: NodeId): readonly NodeId[] {
  const start = ring.indexOf(first)
  return [...ring.slice(start), ...ring.slice(0, start)]
}

function liveVoters(view: PlacementView): readonly NodeId[] {
  return eligibleVoters(view).filter((id) => view.live.has(id))
}

/** Voters that may be given something new, ascending. */
function eligibleVoters(view: PlacementView): readonly NodeId[] {
  const voters = [...view.nodes.values()].filter((node) => node.role === 'voter' && !node.draining)
  return voters.map((node) => node.id).sort((left, right) => left - right)
}
