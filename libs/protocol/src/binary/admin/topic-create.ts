import { oneOf, optional, parseTopicConfigChange, record, type TopicConfig } from '@walrus/core'
import { topicName, type AdminOperation } from './admin-operation.js'

/** Creates a topic. */
export interface TopicCreateParameters {
  readonly topic: string
  /** What differs from what the node creates topics with. */
  readonly config?: Partial<TopicConfig> | undefined
}

export interface TopicCreateResult {
  /** False: it was there already, and is as it was. */
  readonly created: boolean
}

export const topicCreate: AdminOperation<TopicCreateParameters, TopicCreateResult> = {
  parameters: record<TopicCreateParameters>({ topic: topicName, config: optional(parseTopicConfigChange) }),
  result: record<TopicCreateResult>({ created: oneOf(true, false) }),
}
