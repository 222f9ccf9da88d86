import { firstSegment, lastSegment, type NodeId, type TopicConfig, type TopicMetadata } from '@walrus/core'
import {
  PAGE_ITEMS_MAX,
  type AdminHandlers,
  type AdminParameters,
  type AdminResult,
  type TopicSummary,
} from '@walrus/protocol'
import { clusterStatusResult } from './cluster-status-view.js'
import { highWatermarkOf, metadataOf, type NodeParts } from './node-parts.js'

/** What each operation of administration means for a node. */
export function nodeAdminHandlers(parts: NodeParts): AdminHandlers {
  const { administration } = parts
  return {
    'topic.list': async (page) => listTopics(parts, page),
    'topic.describe': async (page) => describeTopic(parts, page),
    'topic.create': (wanted) => createTopic(parts, wanted),
    'topic.configure': async ({ topic, config }) => ({ config: await administration.configureTopic(topic, config) }),
    'topic.delete': async ({ topic }) => {
      await administration.deleteTopic(topic)
      return { topic }
    },
    'topic.roll': async ({ topic }) => {
      const segment = await administration.rollTopic(topic)
      return { segment, leader: lastSegment(metadataOf(parts, topic)).leader }
    },
    'topic.seal': async ({ topic }) => await administration.forceSeal(topic),
    'cluster.status': async () =>
      clusterStatusResult(await administration.clusterStatus(), parts.context.metadata.state.topics.size),
    'cluster.drain': async ({ node, draining }) => {
      await administration.drainNode(node, draining)
      return { node, draining, segmentsLed: segmentsLedBy(parts, node) }
    },
    'cluster.remove': async ({ node, timeoutMs }) => {
      await administration.removeNode(node, timeoutMs)
      return { node }
    },
  }
}

function listTopics({ context }: NodeParts, page: AdminParameters<'topic.list'>): AdminResult<'topic.list'> {
  const { after = '', limit = PAGE_ITEMS_MAX } = page
  const behind = [...context.metadata.state.topics.values()].filter(({ name }) => name > after)
  behind.sort((left, right) => (left.name < right.name ? -1 : 1))
  return { topics: behind.slice(0, limit).map(summaryOf), more: behind.length > limit }
}

function summaryOf(topic: TopicMetadata): TopicSummary {
  const { baseOffset: sealedOffset, leader, replicas, state } = lastSegment(topic)
  const { baseOffset: firstOffset } = firstSegment(topic)
  return { topic: topic.name, segmentCount: topic.segments.length, firstOffset, sealedOffset, leader, replicas, state }
}

function describeTopic(parts: NodeParts, page: AdminParameters<'topic.describe'>): AdminResult<'topic.describe'> {
  const topic = metadataOf(parts, page.topic)
  const { fromSegment = 0, limit = PAGE_ITEMS_MAX } = page
  const highWatermark = highWatermarkOf(parts, topic)
  const behind = topic.segments.filter(({ id }) => id >= fromSegment)
  const segments = behind.slice(0, limit).map((segment) => {
    const { id, baseOffset, state, leader, replicas, epoch, ackQuorum } = segment
    const entryCount = state === 'sealed' ? segment.entryCount : highWatermark - baseOffset
    return { id, baseOffset, entryCount, state, leader, replicas, epoch, ackQuorum }
  })
  const { baseOffset: firstOffset } = firstSegment(topic)
  const { config } = topic
  const known = { topic: topic.name, config, firstOffset, highWatermark, segmentCount: topic.segments.length }
  return { ...known, segments, more: behind.length > limit, cursors: cursorsOf(parts, topic.name) }
}

function cursorsOf({ topics }: NodeParts, topic: string): AdminResult<'topic.describe'>['cursors'] {
  const cursors = topics.find(topic)?.segment?.topicState.cursors
  return cursors && [...cursors].map(([cursor, offset]) => ({ cursor, offset }))
}

async function createTopic(
  { context, registrar }: NodeParts,
  { topic, config }: AdminParameters<'topic.create'>,
): Promise<AdminResult<'topic.create'>> {
  if (context.metadata.state.topics.has(topic)) return { created: false }
  await registrar.register(topic, withChange(registrar.config, config))
  return { created: true }
}

function withChange(config: TopicConfig, change: Partial<TopicConfig> = {}): TopicConfig {
  return { ...config, ...change }
}

function segmentsLedBy({ context }: NodeParts, node: NodeId): number {
  return [...context.metadata.state.topics.values()].filter((topic) => lastSegment(topic).leader === node).length
}
