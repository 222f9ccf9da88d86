import { list, oneOf, record } from '@walrus/core'
import { count, ordinal, PAGE_ITEMS_MAX, topicName, type AdminOperation } from './admin-operation.js'

/**
 * Seals a topic's last segment with the copies that can be reached, for a topic whose replicas do not come back. Entries that
 * were acknowledged, and are on none of those copies, are lost.
 */
export interface TopicSealParameters {
  readonly topic: string
  /** Says that the loss is known and wanted. */
  readonly force: true
}

export interface TopicSealResult {
  /** The segment that was sealed. */
  readonly segment: number
  readonly entryCount: number
  /** Replicas that nobody heard: what only they have is lost. */
  readonly unheardReplicas: readonly number[]
}

export const topicSeal: AdminOperation<TopicSealParameters, TopicSealResult> = {
  parameters: record<TopicSealParameters>({ topic: topicName, force: oneOf<true>(true) }),
  result: record<TopicSealResult>({
    segment: ordinal,
    entryCount: count,
    unheardReplicas: list(ordinal, PAGE_ITEMS_MAX),
  }),
}
