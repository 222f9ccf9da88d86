import { removeNode, upsertNode } from './apply-node.js'
import { fenceSegment, replaceReplicas, sealAndRoll, trimTopic } from './apply-segment.js'
import { configureTopic, createTopic, deleteTopic } from './apply-topic.js'
import type { ClusterMetadata, MetadataCommand } from './model.js'
import { type Applied, rejected } from './outcome.js'
import { parseCommand } from './shapes.js'
import { TopicMap } from './topic-map.js'

/** The state before the first command. */
export const EMPTY_METADATA: ClusterMetadata = {
  version: 0,
  topics: TopicMap.empty,
  nodes: new Map(),
  removedNodes: new Map(),
}

/**
 * The state after a command, and what became of it.
 *
 * Deterministic: the same states and commands give the same results on every node. Total: a command that is malformed,
 * unknown or stale is `rejected`, never thrown (it must be plain data). The given state and everything reached from it
 * stay as they are; what did not change is shared with the new one. Costs little, however many topics there are.
 */
export function applyCommand(state: ClusterMetadata, command: MetadataCommand): Applied {
  const next = { ...state, version: state.version + 1 }
  const parsed = parseCommand(command)
  return parsed.ok ? applyParsed(next, parsed.value) : rejected(next, 'invalid-command', parsed.fault)
}

function applyParsed(state: ClusterMetadata, command: MetadataCommand): Applied {
  switch (command.kind) {
    case 'CreateTopic':
      return createTopic(state, command)
    case 'SealAndRoll':
      return sealAndRoll(state, command)
    case 'FenceSegment':
      return fenceSegment(state, command)
    case 'ReplaceReplicas':
      return replaceReplicas(state, command)
    case 'ConfigureTopic':
      return configureTopic(state, command)
    case 'DeleteTopic':
      return deleteTopic(state, command)
    case 'TrimTopic':
      return trimTopic(state, command)
    case 'UpsertNode':
      return upsertNode(state, command)
    case 'RemoveNode':
      return removeNode(state, command)
  }
}
