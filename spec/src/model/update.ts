import { assert, lastSegment, type ClusterMetadata, type NodeId, type TopicMetadata } from '@walrus/core'
import type { Faults } from './configuration.js'
import type { Client, Copy, Node, NodeTopic, Recovery, State, Writer } from './state.js'

/** Where a node's part of a topic is in a state. */
export interface Place {
  readonly node: NodeId
  readonly topic: number
}

/** A segment of that topic, by id. */
export interface SegmentPlace extends Place {
  readonly segment: number
}

export function topicName(topic: number): string {
  return `t${topic}`
}

/** `segment 1 of t0`. */
export function segmentName(segment: number, topic: number): string {
  return `segment ${segment} of ${topicName(topic)}`
}

export function itemAt<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  assert(item !== undefined, `there is an item ${index} of ${items.length}`)
  return item
}

export function nodeIds(state: State): readonly NodeId[] {
  return state.nodes.map((_, index) => index + 1)
}

export function nodeOf(state: State, node: NodeId): Node {
  return itemAt(state.nodes, node - 1)
}

export function partOf(state: State, { node, topic }: Place): NodeTopic {
  return itemAt(nodeOf(state, node).topics, topic)
}

export function copyOf(state: State, place: SegmentPlace): Copy | undefined {
  return partOf(state, place).copies[place.segment - 1]
}

export function newest(state: State): ClusterMetadata {
  return itemAt(state.history, state.history.length - 1)
}

/** The topic as that node has it. */
export function viewOf(state: State, { node, topic }: Place): TopicMetadata {
  return topicOf(itemAt(state.history, nodeOf(state, node).view), topic)
}

export function newestTopic(state: State, topic: number): TopicMetadata {
  return topicOf(newest(state), topic)
}

export function topicOf(metadata: ClusterMetadata, topic: number): TopicMetadata {
  const found = metadata.topics.get(topicName(topic))
  assert(found !== undefined, `topic ${topic} exists`)
  return found
}

/** True while that node may act as a leader: it runs, and has not been stopped. */
export function leads(state: State, place: Place): boolean {
  const { writer } = partOf(state, place)
  return (
    writer !== undefined &&
    writer.gate !== 'stopped' &&
    writer.segment === lastSegment(newestTopic(state, place.topic)).id
  )
}

export function replaced<Item>(items: readonly Item[], index: number, item: Item): readonly Item[] {
  const copy = items.slice()
  copy[index] = item
  return copy
}

export function withNode(state: State, node: NodeId, change: Partial<Node>): State {
  return { ...state, nodes: replaced(state.nodes, node - 1, { ...nodeOf(state, node), ...change }) }
}

export function withPart(state: State, place: Place, change: Partial<NodeTopic>): State {
  const part = { ...partOf(state, place), ...change }
  return withNode(state, place.node, { topics: replaced(nodeOf(state, place.node).topics, place.topic, part) })
}

export function withCopy(state: State, place: SegmentPlace, copy: Copy | undefined): State {
  const copies = partOf(state, place).copies.slice()
  while (copies.length < place.segment) copies.push(undefined)
  copies[place.segment - 1] = copy
  return withPart(state, place, { copies })
}

export function withWriter(state: State, place: Place, writer: Writer | undefined): State {
  return withPart(state, place, { writer })
}

/** The attempt `before` is now `after`; undefined: it is over. */
export function withRecovery(state: State, topic: number, before: Recovery, after: Recovery | undefined): State {
  const attempts = itemAt(state.recoveries, topic).flatMap((one) => (one === before ? (after ?? []) : one))
  return { ...state, recoveries: replaced(state.recoveries, topic, attempts) }
}

export function withNewRecovery(state: State, topic: number, recovery: Recovery): State {
  return { ...state, recoveries: replaced(state.recoveries, topic, [...itemAt(state.recoveries, topic), recovery]) }
}

/** One fault of that kind has happened. */
export function suffered(state: State, fault: keyof Faults): State {
  return { ...state, left: { ...state.left, [fault]: state.left[fault] - 1 } }
}

export function withClient(state: State, topic: number, change: Partial<Client>): State {
  return { ...state, clients: replaced(state.clients, topic, { ...itemAt(state.clients, topic), ...change }) }
}
