import type {
  ClusterMetadata,
  MetadataCommand,
  MetadataResult,
  NodeId,
  RejectionReason,
  TopicMetadata,
} from './model.js'
import { replicasFault, unknownReplicaFault } from './invariants.js'
import { TopicMap } from './topic-map.js'

/** A state, and what became of the command that led to it. */
export interface Applied {
  readonly state: ClusterMetadata
  readonly result: MetadataResult
}

/** What `rejected` says, for a step that has no state to show yet. */
export type Rejection = Extract<MetadataResult, { readonly outcome: 'rejected' }>

export type CommandOf<Kind extends MetadataCommand['kind']> = Extract<MetadataCommand, { readonly kind: Kind }>

export function applied(state: ClusterMetadata): Applied {
  return { state, result: { outcome: 'applied' } }
}

export function unchanged(state: ClusterMetadata): Applied {
  return { state, result: { outcome: 'unchanged' } }
}

export function rejected(state: ClusterMetadata, reason: RejectionReason, detail: string): Applied {
  return { state, result: rejection(reason, detail) }
}

export function rejection(reason: RejectionReason, detail: string): Rejection {
  return { outcome: 'rejected', reason, detail }
}

export function withTopic(state: ClusterMetadata, topic: TopicMetadata): ClusterMetadata {
  return { ...state, topics: TopicMap.from(state.topics).with(topic) }
}

export function unknownTopic(state: ClusterMetadata, name: string): Applied {
  return rejected(state, 'unknown-topic', `topic "${name}" does not exist`)
}

/** Why a segment cannot be placed there. Liveness is not in the state, and so it is no reason. */
export function placementRejection(
  state: ClusterMetadata,
  leader: NodeId,
  replicas: readonly NodeId[],
): Rejection | undefined {
  const fault = replicasFault(replicas, leader)
  if (fault !== undefined) return rejection('invalid-command', fault)
  const unknown = unknownReplicaFault(replicas, state)
  return unknown === undefined ? undefined : rejection('unknown-node', unknown)
}
