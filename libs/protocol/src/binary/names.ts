import { SHARED_CURSOR, topicNameFault, WalrusError } from '@walrus/core'
import type { ByteReader } from '../peer/byte-reader.js'
import type { ByteWriter } from '../peer/byte-writer.js'
import { checkedTopic, topicOf } from '../text/topic.js'
import { decodeUtf8 } from '../text/utf8.js'
import type { InvalidBody } from './binary-command.js'

/*
 * Names in a binary command: topic, and cursor. A cursor without a name is the one that GET uses.
 *
 *    ┌───────────┬───────────────┐
 *    │ length u8 │ length bytes  │
 *    └───────────┴───────────────┘
 */

export function writeTopic(topic: string, output: ByteWriter): void {
  output.shortText(checkedTopic(topic))
}

/** A topic that was seen lately costs no new string. */
export function readTopic(input: ByteReader): string | InvalidBody {
  const name = input.bytes(input.u8())
  if (input.fault !== undefined) return ''
  const topic = topicOf(name, 0, name.length)
  return typeof topic === 'string' ? topic : { command: 'invalid', code: 'INVALID_TOPIC', message: topic.message }
}

export function writeCursor(cursor: string, output: ByteWriter): void {
  const fault = topicNameFault(cursor)
  if (fault !== undefined) throw new WalrusError('INVALID_ARGUMENT', invalidCursor(cursor, fault).message)
  output.shortText(cursor === SHARED_CURSOR ? '' : cursor)
}

export function readCursor(input: ByteReader): string | InvalidBody {
  const name = input.bytes(input.u8())
  if (name.length === 0) return SHARED_CURSOR
  const cursor = decodeUtf8(name, 0, name.length)
  if (cursor === undefined) return invalidCursor('', 'it is no UTF-8')
  const fault = topicNameFault(cursor)
  return fault === undefined ? cursor : invalidCursor(cursor, fault)
}

function invalidCursor(cursor: string, reason: string): InvalidBody {
  const message = `invalid cursor: ${JSON.stringify(cursor.slice(0, SHOWN_CHARACTERS))}: ${reason}`
  return { command: 'invalid', code: 'INVALID_ARGUMENT', message }
}

const SHOWN_CHARACTERS = 64
