import { WalrusError } from '@walrus/core'
import type { ByteReader } from '../peer/byte-reader.js'
import { isInvalid, type BinaryCommand } from './binary-command.js'
import { readCursor, readTopic, writeCursor, writeTopic } from './names.js'

/*
 *   request   ┌───────┬────────┬─────────┬────────────┐
 *             │ topic │ cursor │ move u8 │ offset u64 │   move 0: seek, 1: commit
 *             └───────┴────────┴─────────┴────────────┘
 *   answer    ┌────────────┐
 *             │ offset u64 │
 *             └────────────┘
 */

/** Set a cursor to an offset. */
export interface MoveCursorRequest {
  readonly command: 'moveCursor'
  readonly topic: string
  /** `SHARED_CURSOR` is the one that `GET` uses. */
  readonly cursor: string
  /**
   * `seek` goes anywhere, also back. `commit` never goes back, so that a late one of a slow reader undoes nothing: of
   * offset 0 it says where the cursor is.
   */
  readonly move: CursorMove
  /** Topic offset of the next entry to deliver. */
  readonly offset: number
}

export type CursorMove = 'seek' | 'commit'

/** Where the cursor is now, durably. */
export interface MoveCursorReply {
  readonly offset: number
}

export const moveCursor: BinaryCommand<MoveCursorRequest, MoveCursorReply> = {
  code: 0x84,
  writeRequest: ({ topic, cursor, move, offset }, output) => {
    writeTopic(topic, output)
    writeCursor(cursor, output)
    output.u8(codeOf(move))
    output.u64(offset)
  },
  readRequest: (input) => {
    const topic = readTopic(input)
    const cursor = readCursor(input)
    const move = readMove(input)
    const offset = input.u64()
    if (isInvalid(topic)) return topic
    return isInvalid(cursor) ? cursor : { command: 'moveCursor', topic, cursor, move, offset }
  },
  writeReply: ({ offset }, output) => output.u64(offset),
  readReply: (input) => ({ offset: input.u64() }),
}

/** By its number on the wire. */
const MOVES: readonly CursorMove[] = ['seek', 'commit']

function codeOf(move: CursorMove): number {
  const code = MOVES.indexOf(move)
  if (code < 0)
    throw new WalrusError('INVALID_ARGUMENT', `Cannot move a cursor by "${move}": only seek and commit are known`)
  return code
}

function readMove(input: ByteReader): CursorMove {
  const move = MOVES[input.u8()]
  if (move === undefined) input.fail('range')
  return move ?? 'seek'
}
