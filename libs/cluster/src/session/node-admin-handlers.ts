import {
  firstSegment,
  lastSegment,
  WalrusError,
  type MetadataCommand,
  type NodeId,
  type TopicConfig,
  type TopicMetadata,
} from '@walrus/core'
import {
  PAGE_ITEMS_MAX,
  type AdminHandlers,
  type AdminParameters,
  type AdminResult,
  type TopicSummary,
} from '@walrus/protocol'
import { viewClusterStatus } from './cluster-status-view.js'
import { highWatermarkOf, metadataOf, type NodeParts } from './node-parts.js'

/** What each operation of administration means for a node. */
export function nodeAdminHandlers(parts: NodeParts): AdminHandlers {
  return {
    'topic.list': async (page) => listTopics(parts, page),
    'topic.describe': async (page) => describeTopic(parts, page),
    'topic.create': (wanted) => createTopic(parts, wanted),
    'topic.configure': (change) => configureTopic(parts, change),
    'topic.delete': ({ topic }) => deleteTopic(parts, topic),
    'topic.roll': ({ topic }) => rollTopic(parts, topic),
    'topic.seal': async ({ topic }) => await parts.context.replication.forceSeal(metadataOf(parts, topic).name),
    'cluster.status': async () => viewClusterStatus(parts.context),
    'cluster.drain': ({ node, draining }) => drainNode(parts, node, draining),
    'cluster.remove': async ({ node }) => {
      await propose(parts, `remove node "${node}"`, { kind: 'RemoveNode', id: node })
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

async function configureTopic(
  parts: NodeParts,
  change: AdminParameters<'topic.configure'>,
): Promise<AdminResult<'topic.configure'>> {
  const { name: topic, config: before } = metadataOf(parts, change.topic)
  const config = withChange(before, change.config)
  await propose(parts, `configure "${topic}"`, { kind: 'ConfigureTopic', topic, config })
  return { config }
}

function withChange(config: TopicConfig, change: Partial<TopicConfig> = {}): TopicConfig {
  return { ...config, ...change }
}

async function deleteTopic(parts: NodeParts, name: string): Promise<AdminResult<'topic.delete'>> {
  const topic = metadataOf(parts, name)
  await propose(parts, `delete "${name}"`, { kind: 'DeleteTopic', topic: name, epoch: lastSegment(topic).epoch })
  return { topic: name }
}

/** An open segment without an entry is as good as the next one. */
async function rollTopic(parts: NodeParts, name: string): Promise<AdminResult<'topic.roll'>> {
  const runtime = parts.topics.get(name)
  const { id, leader } = lastSegment(metadataOf(parts, name))
  if (runtime.segment === undefined) {
    throw new WalrusError('NOT_LEADER', `Cannot roll "${name}": node ${leader} leads segment ${id}, or is to`)
  }
  if (runtime.segment.appendedCount > 0) await runtime.roll()
  const now = lastSegment(metadataOf(parts, name))
  return { segment: now.id, leader: now.leader }
}

async function drainNode(parts: NodeParts, id: NodeId, draining: boolean): Promise<AdminResult<'cluster.drain'>> {
  const { nodes } = parts.context.metadata.state
  const node = nodes.get(id)
  if (node === undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot drain node "${id}": it is no member`)
  await propose(parts, `drain node "${id}"`, { kind: 'UpsertNode', node: { ...node, draining } })
  const topics = [...parts.context.metadata.state.topics.values()]
  return { node: id, draining, segmentsLed: topics.filter((topic) => lastSegment(topic).leader === id).length }
}

/** Rejects with `INVALID_ARGUMENT` when metadata refuses it, and with `UNAVAILABLE` or `TIMED_OUT` when nobody knows. */
async function propose({ context }: NodeParts, what: string, command: MetadataCommand): Promise<void> {
  const result = await context.metadata.propose(command)
  if (result.outcome === 'rejected') throw new WalrusError('INVALID_ARGUMENT', `Cannot ${what}: ${result.detail}`)
}
