import { integer, list, oneOf, optional, parseTopicConfig, record, type TopicConfig } from '@walrus/core'
import { count, ordinal, PAGE_ITEMS_MAX, topicName, words, type AdminOperation } from './admin-operation.js'

/** Asks for all about a topic. */
export interface TopicDescribeParameters {
  readonly topic: string
  /** Only segments from this id on. */
  readonly fromSegment?: number | undefined
  /** Segments, 1 to 1,000; as many unless told. */
  readonly limit?: number | undefined
}

export interface TopicDescribeResult {
  readonly topic: string
  readonly config: TopicConfig
  /** Topic offset of the oldest entry that retention left. */
  readonly firstOffset: number
  /** Topic offset of the next entry that will be committed, as far as the node knows. */
  readonly highWatermark: number
  readonly segmentCount: number
  /** Ascending by id. */
  readonly segments: readonly SegmentDescription[]
  /** There are segments behind the last one. */
  readonly more: boolean
  /** Undefined where the node that was asked does not keep them. */
  readonly cursors?: readonly CursorDescription[] | undefined
}

export interface SegmentDescription {
  readonly id: number
  readonly baseOffset: number
  /** Exact when sealed; of the open one what is committed, as far as the node knows. */
  readonly entryCount: number
  readonly state: 'open' | 'recovering' | 'sealed'
  readonly leader: number
  readonly replicas: readonly number[]
  readonly epoch: number
  /** Copies that an acknowledgement needs. */
  readonly ackQuorum: number
}

export interface CursorDescription {
  readonly cursor: string
  /** Topic offset of the next entry that it delivers. */
  readonly offset: number
}

const segment = record<SegmentDescription>({
  id: ordinal,
  baseOffset: count,
  entryCount: count,
  state: oneOf('open', 'recovering', 'sealed'),
  leader: ordinal,
  replicas: list(ordinal, PAGE_ITEMS_MAX),
  epoch: ordinal,
  ackQuorum: ordinal,
})

export const topicDescribe: AdminOperation<TopicDescribeParameters, TopicDescribeResult> = {
  parameters: record<TopicDescribeParameters>({
    topic: topicName,
    fromSegment: optional(ordinal),
    limit: optional(integer(1, PAGE_ITEMS_MAX)),
  }),
  result: record<TopicDescribeResult>({
    topic: topicName,
    config: parseTopicConfig,
    firstOffset: count,
    highWatermark: count,
    segmentCount: ordinal,
    segments: list(segment, PAGE_ITEMS_MAX),
    more: oneOf(true, false),
    cursors: optional(list(record<CursorDescription>({ cursor: words, offset: count }), Number.MAX_SAFE_INTEGER)),
  }),
}
