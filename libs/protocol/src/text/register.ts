import { frame } from '../frame/frame-writer.js'
import { topicRequired } from './error-messages.js'
import type { ErrorReply, OkReply } from './replies.js'
import { readError, readOk, replyFrame } from './replies.js'
import type { TextCommand } from './text-command.js'
import { asciiBytes } from './tokens.js'
import { checkedTopic, onlyTopicOf } from './topic.js'

/*
 *   request   ┌──────────┬───┬───────┬─ ─ ─ ─ ─ ─ ─┐
 *             │ REGISTER │ ␠ │ topic │ ␠ ignored   │
 *             └──────────┴───┴───────┴─ ─ ─ ─ ─ ─ ─┘
 *   reply     OK  or  ERR
 */

/** Create a topic. */
export interface RegisterRequest {
  readonly command: 'register'
  readonly topic: string
}

/** OK: the topic exists, by this request or already. */
export type RegisterReply = OkReply | ErrorReply

/** `REGISTER <topic>` */
export const register: TextCommand<RegisterRequest, RegisterReply> = {
  verb: 'REGISTER',
  parse(bytes, at, end) {
    const topic = onlyTopicOf(bytes, at, end, TOPIC_REQUIRED)
    return typeof topic === 'string' ? { command: 'register', topic } : topic
  },
  requestFrame: ({ topic }) => frame(asciiBytes(`REGISTER ${checkedTopic(topic)}`)),
  replyFrame,
  readReply: (bytes, start, end) => readOk(bytes, start, end) ?? readError(bytes, start, end),
}

const TOPIC_REQUIRED = topicRequired('REGISTER')
