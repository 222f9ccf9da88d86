import { isInvalid, type BinaryCommand } from './binary-command.js'
import { readEntriesReply, writeEntriesReply, type EntriesReply } from './entries-reply.js'
import { readCursor, readTopic, writeCursor, writeTopic } from './names.js'
import { readReadBounds, writeReadBounds, type ReadBounds } from './read-limits.js'

/*
 *   request   ┌───────┬────────┬────────┐
 *             │ topic │ cursor │ bounds │
 *             └───────┴────────┴────────┘
 *   answer    entries
 */

/** Take the next entries at a cursor, which has durably passed them when the answer leaves. */
export interface NextRequest extends ReadBounds {
  readonly command: 'next'
  readonly topic: string
  /** `SHARED_CURSOR` is the one that `GET` uses. A cursor that nobody has used begins at the oldest entry. */
  readonly cursor: string
}

/** Each entry is delivered once, to one caller. Without entries: the cursor is at the end, and has not moved. */
export const next: BinaryCommand<NextRequest, EntriesReply> = {
  code: 0x83,
  writeRequest: (request, output) => {
    writeTopic(request.topic, output)
    writeCursor(request.cursor, output)
    writeReadBounds(request, output)
  },
  readRequest: (input) => {
    const topic = readTopic(input)
    const cursor = readCursor(input)
    const bounds = readReadBounds(input)
    if (isInvalid(topic)) return topic
    return isInvalid(cursor) ? cursor : { command: 'next', topic, cursor, ...bounds }
  },
  writeReply: writeEntriesReply,
  readReply: readEntriesReply,
}
