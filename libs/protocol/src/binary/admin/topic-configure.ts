import { parseTopicConfig, parseTopicConfigChange, record, type TopicConfig } from '@walrus/core'
import { topicName, type AdminOperation } from './admin-operation.js'

/** Changes some of a topic's settings. Copies and acknowledgements hold from the next segment on. */
export interface TopicConfigureParameters {
  readonly topic: string
  readonly config: Partial<TopicConfig>
}

export interface TopicConfigureResult {
  /** All settings, as they are now. */
  readonly config: TopicConfig
}

export const topicConfigure: AdminOperation<TopicConfigureParameters, TopicConfigureResult> = {
  parameters: record<TopicConfigureParameters>({ topic: topicName, config: parseTopicConfigChange }),
  result: record<TopicConfigureResult>({ config: parseTopicConfig }),
}
