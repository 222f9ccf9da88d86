import { assert, DEFAULT_TOPIC_CONFIG, EMPTY_METADATA, applyCommand, type MetadataCommand } from '@walrus/core'
import type { Configuration } from './configuration.js'
import { internedMetadata } from './interned.js'
import type { Node, State } from './state.js'
import { topicName } from './update.js'

/** All nodes are up and know each topic, whose segment 1 node 1 leads (the second topic's node 2) and nobody has opened. */
export function initialState(configuration: Configuration): State {
  const recoveries = Array.from({ length: configuration.topics }, () => [])
  const clients = Array.from({ length: configuration.topics }, () => ({ acked: [], delivered: [] }))
  const nodes = ids(configuration.nodes).map(() => newNode(configuration))
  const history = [internedMetadata(createdTopics(configuration))]
  return { history, proposals: [], nodes, stretches: [], clients, recoveries, left: configuration.faults }
}

function newNode({ topics }: Configuration): Node {
  const part = { copies: [], writer: undefined, inherited: 0 }
  return { up: true, view: 0, silence: 0, topics: Array.from({ length: topics }, () => part) }
}

function createdTopics(configuration: Configuration): typeof EMPTY_METADATA {
  let state = EMPTY_METADATA
  for (const command of creation(configuration)) {
    const applied = applyCommand(state, command)
    assert(applied.result.outcome === 'applied', 'the first commands are applied')
    state = applied.state
  }
  return state
}

/** What leads to the metadata of the first state. */
export function creation({ nodes, topics, ...options }: Configuration): MetadataCommand[] {
  const { segmentEntriesMax, replicationFactor, ack } = options
  const config = { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax, replicationFactor, ack }
  const upserts = ids(nodes).map((id): MetadataCommand => {
    return { kind: 'UpsertNode', node: { id, address: `node:${id}`, role: 'voter', draining: false } }
  })
  const creates = ids(topics).map((id): MetadataCommand => {
    const leader = ((id - 1) % nodes) + 1
    const others = ids(nodes).filter((node) => node !== leader)
    const replicas = [leader, ...others].slice(0, replicationFactor)
    return { kind: 'CreateTopic', topic: topicName(id - 1), config, leader, replicas }
  })
  return [...upserts, ...creates]
}

function ids(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
