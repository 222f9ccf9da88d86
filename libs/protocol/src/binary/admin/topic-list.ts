import { integer, list, optional, oneOf, record } from '@walrus/core'
import { count, ordinal, PAGE_ITEMS_MAX, topicName, type AdminOperation } from './admin-operation.js'

/** Asks for topics, ascending by name. */
export interface TopicListParameters {
  /** Only topics behind this name. */
  readonly after?: string | undefined
  /** 1 to 1,000; as many unless told. */
  readonly limit?: number | undefined
}

export interface TopicListResult {
  readonly topics: readonly TopicSummary[]
  /** There are topics behind the last one. */
  readonly more: boolean
}

export interface TopicSummary {
  readonly topic: string
  readonly segmentCount: number
  /** Topic offset of the oldest entry that retention left. */
  readonly firstOffset: number
  /** Entries in all sealed segments, dropped ones too: where the open segment starts. */
  readonly sealedOffset: number
  /** Leader of the open segment. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly state: 'open' | 'recovering' | 'sealed'
}

export const topicList: AdminOperation<TopicListParameters, TopicListResult> = {
  parameters: record<TopicListParameters>({ after: optional(topicName), limit: optional(integer(1, PAGE_ITEMS_MAX)) }),
  result: record<TopicListResult>({
    topics: list(
      record<TopicSummary>({
        topic: topicName,
        segmentCount: ordinal,
        firstOffset: count,
        sealedOffset: count,
        leader: ordinal,
        replicas: list(ordinal, PAGE_ITEMS_MAX),
        state: oneOf('open', 'recovering', 'sealed'),
      }),
      PAGE_ITEMS_MAX,
    ),
    more: oneOf(true, false),
  }),
}
