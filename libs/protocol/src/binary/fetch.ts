import { isInvalid, type BinaryCommand } from './binary-command.js'
import { readEntriesReply, writeEntriesReply, type EntriesReply } from './entries-reply.js'
import { readTopic, writeTopic } from './names.js'
import { readReadBounds, writeReadBounds, type ReadBounds } from './read-limits.js'

/*
 *   request   ┌───────┬────────────┬────────┐
 *             │ topic │ offset u64 │ bounds │
 *             └───────┴────────────┴────────┘
 *   answer    entries
 */

/** Read committed entries from an offset on; touches no cursor, so it may be repeated. */
export interface FetchRequest extends ReadBounds {
  readonly command: 'fetch'
  readonly topic: string
  /** Of the first entry wanted. What retention has dropped is passed over. */
  readonly offset: number
}

/** Without entries: none has come in time, or the connection holds too many bytes of answers already; ask again. */
export const fetch: BinaryCommand<FetchRequest, EntriesReply> = {
  code: 0x82,
  writeRequest: (request, output) => {
    writeTopic(request.topic, output)
    output.u64(request.offset)
    writeReadBounds(request, output)
  },
  readRequest: (input) => {
    const topic = readTopic(input)
    const offset = input.u64()
    const bounds = readReadBounds(input)
    return isInvalid(topic) ? topic : { command: 'fetch', topic, offset, ...bounds }
  },
  writeReply: writeEntriesReply,
  readReply: readEntriesReply,
}
