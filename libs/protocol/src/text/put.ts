import { prefixedFrame } from '../frame/frame-writer.js'
import type { InvalidRequest } from './error-messages.js'
import { payloadRequired, topicRequired } from './error-messages.js'
import type { ErrorReply, OkReply } from './replies.js'
import { readError, readOk, replyFrame } from './replies.js'
import type { TextCommand } from './text-command.js'
import { asciiBytes, indexOfSpace, isBlank } from './tokens.js'
import { checkedTopic, topicOf } from './topic.js'

/*
 *   request   ┌─────┬───┬───────┬───┬──────────────────────────────────────┐
 *             │ PUT │ ␠ │ topic │ ␠ │ payload: any bytes, exact, or none   │
 *             └─────┴───┴───────┴───┴──────────────────────────────────────┘
 *   reply     OK  or  ERR
 *
 * The payload starts behind the second space and ends with the frame: spaces, line ends and zeros are part of it.
 */

/** Append one entry to a topic. */
export interface PutRequest {
  readonly command: 'put'
  readonly topic: string
  /** As parsed: a view of the request's bytes. */
  readonly payload: Uint8Array
}

/** OK: the entry is as durable as the node is set to make it, and readable. */
export type PutReply = OkReply | ErrorReply

/** `PUT <topic> <payload>` */
export const put: TextCommand<PutRequest, PutReply> = {
  verb: 'PUT',
  parse(bytes, at, end) {
    if (isBlank(bytes, at, end)) return TOPIC_REQUIRED
    const topicStart = at + 1
    const topicEnd = indexOfSpace(bytes, topicStart, end)
    if (topicEnd === end) return PAYLOAD_REQUIRED
    const topic = topicOf(bytes, topicStart, topicEnd)
    return typeof topic === 'string' ? { command: 'put', topic, payload: bytes.subarray(topicEnd + 1, end) } : topic
  },
  requestFrame: ({ topic, payload }) => prefixedFrame(asciiBytes(`PUT ${checkedTopic(topic)} `), payload),
  replyFrame,
  readReply: (bytes, start, end) => readOk(bytes, start, end) ?? readError(bytes, start, end),
}

const TOPIC_REQUIRED: InvalidRequest = topicRequired('PUT')
const PAYLOAD_REQUIRED: InvalidRequest = payloadRequired('PUT')
