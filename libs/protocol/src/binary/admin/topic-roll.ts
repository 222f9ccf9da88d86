import { record } from '@walrus/core'
import { ordinal, topicName, type AdminOperation } from './admin-operation.js'

/** Seals a topic's open segment, if it has an entry, and opens the next one. */
export interface TopicRollParameters {
  readonly topic: string
}

export interface TopicRollResult {
  /** The open segment from now on. */
  readonly segment: number
  readonly leader: number
}

export const topicRoll: AdminOperation<TopicRollParameters, TopicRollResult> = {
  parameters: record<TopicRollParameters>({ topic: topicName }),
  result: record<TopicRollResult>({ segment: ordinal, leader: ordinal }),
}
