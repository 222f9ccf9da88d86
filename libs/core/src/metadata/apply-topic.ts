import { createSegment, firstSegment, lastSegment } from '../segment.js'
import type { ClusterMetadata, TopicConfig } from './model.js'
import {
  type Applied,
  applied,
  type CommandOf,
  placementRejection,
  rejected,
  unchanged,
  unknownTopic,
  withTopic,
} from './outcome.js'
import { TopicMap } from './topic-map.js'

/**
 * The first epoch is the version that creates the topic. Each later epoch takes a command, so no epoch is ever ahead of the
 * version, and a topic that is created again is above all epochs of the one before it: what was meant for that one is stale.
 */
export function createTopic(state: ClusterMetadata, command: CommandOf<'CreateTopic'>): Applied {
  const { topic: name, config, leader, replicas } = command
  if (state.topics.has(name)) return unchanged(state)
  const result = placementRejection(state, leader, replicas)
  if (result !== undefined) return { state, result }
  const segments = [createSegment({ leader, replicas }, state.version, config.ack)]
  return applied(withTopic(state, { name, config, segments }))
}

export function configureTopic(state: ClusterMetadata, command: CommandOf<'ConfigureTopic'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  if (sameConfig(topic.config, command.config)) return unchanged(state)
  return applied(withTopic(state, { ...topic, config: command.config }))
}

export function deleteTopic(state: ClusterMetadata, command: CommandOf<'DeleteTopic'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unchanged(state)
  const oldest = firstSegment(topic).epoch
  const newest = lastSegment(topic).epoch
  if (command.epoch < oldest || command.epoch > newest) {
    return rejected(state, 'stale-epoch', `the epochs are ${oldest} to ${newest}, not ${command.epoch}`)
  }
  return applied({ ...state, topics: TopicMap.from(state.topics).without(command.topic) })
}

function sameConfig(left: TopicConfig, right: TopicConfig): boolean {
  return (
    left.segmentEntriesMax === right.segmentEntriesMax &&
    left.segmentBytesMax === right.segmentBytesMax &&
    left.segmentAgeMsMax === right.segmentAgeMsMax &&
    left.retentionMs === right.retentionMs &&
    left.retentionBytes === right.retentionBytes &&
    left.replicationFactor === right.replicationFactor &&
    left.ack === right.ack
  )
}
