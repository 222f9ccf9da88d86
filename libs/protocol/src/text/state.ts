import { frame } from '../frame/frame-writer.js'
import { topicRequired } from './error-messages.js'
import type { ErrorReply, JsonReply } from './replies.js'
import { readError, readJson, replyFrame } from './replies.js'
import type { TextCommand } from './text-command.js'
import { asciiBytes } from './tokens.js'
import { checkedTopic, onlyTopicOf } from './topic.js'

/*
 *   request   ┌───────┬───┬───────┬─ ─ ─ ─ ─ ─ ─┐
 *             │ STATE │ ␠ │ topic │ ␠ ignored   │
 *             └───────┴───┴───────┴─ ─ ─ ─ ─ ─ ─┘
 *   reply     JSON in one line, without OK in front  or  ERR
 */

/** Show a topic's segments and their leaders. */
export interface StateRequest {
  readonly command: 'state'
  readonly topic: string
}

/** The state of the topic as the answering node knows it. */
export type StateReply = JsonReply | ErrorReply

/** `STATE <topic>` */
export const state: TextCommand<StateRequest, StateReply> = {
  verb: 'STATE',
  parse(bytes, at, end) {
    const topic = onlyTopicOf(bytes, at, end, TOPIC_REQUIRED)
    return typeof topic === 'string' ? { command: 'state', topic } : topic
  },
  requestFrame: ({ topic }) => frame(asciiBytes(`STATE ${checkedTopic(topic)}`)),
  replyFrame,
  readReply: (bytes, start, end) => readJson(bytes, start, end) ?? readError(bytes, start, end),
}

const TOPIC_REQUIRED = topicRequired('STATE')
