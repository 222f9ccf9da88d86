import { frame } from '../frame/frame-writer.js'
import { topicRequired } from './error-messages.js'
import type { EmptyReply, EntryReply, ErrorReply } from './replies.js'
import { readEmpty, readEntry, readError, replyFrame } from './replies.js'
import type { TextCommand } from './text-command.js'
import { asciiBytes } from './tokens.js'
import { checkedTopic, onlyTopicOf } from './topic.js'

/*
 *   request   ┌─────┬───┬───────┬─ ─ ─ ─ ─ ─ ─┐
 *             │ GET │ ␠ │ topic │ ␠ ignored   │
 *             └─────┴───┴───────┴─ ─ ─ ─ ─ ─ ─┘
 *   reply     OK ␠ payload  or  EMPTY  or  ERR
 */

/** Take the next entry at the topic's shared cursor. */
export interface GetRequest {
  readonly command: 'get'
  readonly topic: string
}

/** OK: the entry, which the shared cursor has passed. EMPTY: the cursor is at the end. */
export type GetReply = EntryReply | EmptyReply | ErrorReply

/** `GET <topic>` */
export const get: TextCommand<GetRequest, GetReply> = {
  verb: 'GET',
  parse(bytes, at, end) {
    const topic = onlyTopicOf(bytes, at, end, TOPIC_REQUIRED)
    return typeof topic === 'string' ? { command: 'get', topic } : topic
  },
  requestFrame: ({ topic }) => frame(asciiBytes(`GET ${checkedTopic(topic)}`)),
  replyFrame,
  readReply: (bytes, start, end) =>
    readEntry(bytes, start, end) ?? readEmpty(bytes, start, end) ?? readError(bytes, start, end),
}

const TOPIC_REQUIRED = topicRequired('GET')
