import type { SegmentKey, TopicState } from '@walrus/core'
import { peerBody, type PeerBody } from './peer-body.js'
import { readSegmentKey, readTopicState, writeSegmentKey, writeTopicState } from './segment-fields.js'

/*
 * Asks whether a node has a whole copy of a sealed segment, and for the topic's state at its end (spec/peer-format.md).
 *
 *   wholeCopy   ┌─────────┐
 *               │ segment │
 *               └─────────┘
 *   answer      ┌──────────┬───────┐
 *               │ whole u8 │ state │   0: no, and the state is empty · 1: yes
 *               └──────────┴───────┘
 */

/** Names the segment; a node that does not know that it is sealed waits for newer metadata, or fails. */
export type WholeCopyRequest = SegmentKey

/** Whether the copy is on stable storage to its end. */
export interface WholeCopyAnswer {
  readonly whole: boolean
  readonly topicState: TopicState
}

export const wholeCopyRequest: PeerBody<WholeCopyRequest> = peerBody({
  write: writeSegmentKey,
  read: readSegmentKey,
})

export const wholeCopyAnswer: PeerBody<WholeCopyAnswer> = peerBody({
  write: ({ whole, topicState }, output) => {
    output.u8(whole ? 1 : 0)
    writeTopicState(topicState, output)
  },
  read: (input) => {
    const whole = input.u8()
    if (whole > 1) input.fail('range')
    return { whole: whole === 1, topicState: readTopicState(input) }
  },
})
