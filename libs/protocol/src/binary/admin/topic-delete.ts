import { record } from '@walrus/core'
import { topicName, type AdminOperation } from './admin-operation.js'

/** Deletes a topic with all its entries and cursors. */
export interface TopicDeleteParameters {
  readonly topic: string
}

/** It is gone. */
export interface TopicDeleteResult {
  readonly topic: string
}

export const topicDelete: AdminOperation<TopicDeleteParameters, TopicDeleteResult> = {
  parameters: record<TopicDeleteParameters>({ topic: topicName }),
  result: record<TopicDeleteResult>({ topic: topicName }),
}
