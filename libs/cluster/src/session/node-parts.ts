import { lastSegment, WalrusError, type TopicMetadata } from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import type { Administration } from '../administration/administration.js'
import type { ClusterContext } from '../node-context.js'
import type { TopicRegistrar } from '../routing/topic-registrar.js'
import type { Topics } from '../routing/topics.js'

/** What the commands of a node work with. */
export interface NodeParts {
  readonly context: ClusterContext
  readonly topics: Topics
  readonly registrar: TopicRegistrar
  readonly administration: Administration
}

/** Topic offset of the next entry that will be committed, as far as this node knows. */
export function highWatermarkOf({ context, topics }: NodeParts, topic: TopicMetadata): number {
  const { id: segment, baseOffset } = lastSegment(topic)
  const open = topics.find(topic.name)?.segment
  if (open?.segment === segment) return baseOffset + open.committedCount
  return baseOffset + context.replication.committedCount({ topic: topic.name, segment })
}

/** Throws `UNKNOWN_TOPIC`. */
export function metadataOf({ context }: NodeParts, topic: string): TopicMetadata {
  const metadata = context.metadata.state.topics.get(topic)
  if (metadata === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(topic))
  return metadata
}
