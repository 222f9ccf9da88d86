import { TOPIC_NAME_BYTES_MAX, WalrusError, topicNameFault } from '@walrus/core'
import { byteAt } from '../little-endian.js'
import type { InvalidRequest } from './error-messages.js'
import { INVALID_UTF8, invalidTopic } from './error-messages.js'
import { indexOfSpace, isBlank, trimmedEnd } from './tokens.js'
import { decodeUtf8 } from './utf8.js'

/**
 * The topic that `bytes[start, end)` names, or why they name none. A topic that was seen lately costs no new string: all
 * requests share one, which is also what makes it a quick key.
 */
export function topicOf(bytes: Uint8Array, start: number, end: number): string | InvalidRequest {
  if (end - start > TOPIC_NAME_BYTES_MAX) return decodeTopic(bytes, start, end)
  const slot = hash(bytes, start, end) & (SLOT_COUNT - 1)
  const known = lately[slot]
  if (known !== undefined && isSpelled(known, bytes, start, end)) return known
  const topic = decodeTopic(bytes, start, end)
  if (typeof topic === 'string') lately[slot] = topic
  return topic
}

/**
 * The topic of a command that takes nothing else: the token behind one space; what follows the next space, and white space
 * at the end, does not count.
 */
export function onlyTopicOf(
  bytes: Uint8Array,
  at: number,
  end: number,
  missing: InvalidRequest,
): string | InvalidRequest {
  if (isBlank(bytes, at, end)) return missing
  const topicStart = at + 1
  const topicEnd = indexOfSpace(bytes, topicStart, trimmedEnd(bytes, topicStart, end))
  return topicOf(bytes, topicStart, topicEnd)
}

/** The topic, if it may stand in a request. Throws `INVALID_TOPIC` for what the other side would not take for one topic. */
export function checkedTopic(topic: string): string {
  const reason = topicNameFault(topic)
  if (reason === undefined) return topic
  throw new WalrusError('INVALID_TOPIC', `Cannot encode topic ${JSON.stringify(topic)}: ${reason}`)
}

/** A power of two. Invariant: at most this many names are kept, each of at most 200 bytes and valid. */
const SLOT_COUNT = 32_768
/** By hash; a name takes the place of the one before. It changes how long `topicOf` takes, never what it says. */
const lately: (string | undefined)[] = new Array<undefined>(SLOT_COUNT).fill(undefined)

function hash(bytes: Uint8Array, start: number, end: number): number {
  let mixed = end - start
  for (let at = start; at < end; at++) mixed = Math.imul(mixed ^ byteAt(bytes, at), 0x01000193)
  return mixed ^ (mixed >>> 15)
}

function isSpelled(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

/** One byte more than a name may have, and the rest of its character, are enough to see and to say that it is too long. */
function decodeTopic(bytes: Uint8Array, start: number, end: number): string | InvalidRequest {
  const shownEnd = characterEnd(bytes, Math.min(end, start + TOPIC_NAME_BYTES_MAX + 1), end)
  const text = decodeUtf8(bytes, start, shownEnd)
  if (text === undefined) return INVALID_UTF8
  const reason = topicNameFault(text)
  return reason === undefined ? text : invalidTopic(shownEnd === end ? text : `${text}…`, reason)
}

/** Moves a cut on to where a character ends: good UTF-8 stays good, and a long name never turns into a valid shorter one. */
function characterEnd(bytes: Uint8Array, cut: number, end: number): number {
  let at = cut
  while (at < end && at - cut < 3 && (byteAt(bytes, at) & 0xc0) === 0x80) at++
  return at
}
