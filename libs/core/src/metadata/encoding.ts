import { WalrusError } from '../errors.js'
import { stateFault } from './invariants.js'
import type { ClusterMetadata, MetadataCommand } from './model.js'
import { isObject, type Parser, quote } from './parse.js'
import { type FlatMetadata, parseCommand, parseFlatMetadata } from './shapes.js'
import { TopicMap } from './topic-map.js'

/** No encoded command is longer; one that announces more is damaged, and need not be read. */
export const ENCODED_COMMAND_BYTES_MAX = 8192

/** What was read, or why it cannot be: damaged or of no known format, with the reason in words. */
export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: 'CORRUPT_DATA' | 'UNSUPPORTED_FORMAT'; readonly fault: string }

/**
 * The command as one line of JSON in ASCII, so one byte per character, with the format's version: `{"format":1,"command":…}`.
 * Throws `INVALID_ARGUMENT` for a command that could not be read back, so that none gets into a log.
 */
export function encodeCommand(command: MetadataCommand): string {
  const parsed = parseCommand(command)
  if (!parsed.ok) throw new WalrusError('INVALID_ARGUMENT', `Cannot encode metadata command: ${parsed.fault}`)
  return JSON.stringify({ format: FORMAT, command: parsed.value })
}

/** What `encodeCommand` wrote. Never throws, whatever the text; what it returns has passed `parseCommand`. */
export function decodeCommand(encoded: string): Decoded<MetadataCommand> {
  if (encoded.length > ENCODED_COMMAND_BYTES_MAX) return corrupt(`longer than ${ENCODED_COMMAND_BYTES_MAX} bytes`)
  return decode(encoded, 'command', parseCommand)
}

/** The whole state, as `encodeCommand` writes commands. Equal states give equal texts, whatever their history. */
export function encodeState(state: ClusterMetadata): string {
  return [...encodeStateInPieces(state)].join('')
}

/** What `encodeState` writes, in pieces that are made when they are asked for: about a millisecond each. */
export function* encodeStateInPieces(state: ClusterMetadata): Generator<string, undefined> {
  const nodes = [...state.nodes.values()].sort((left, right) => left.id - right.id)
  const removedNodes = [...state.removedNodes.values()].sort((left, right) => left.id - right.id)
  const flat: FlatMetadata = { version: state.version, nodes, removedNodes, topics: [] }
  // The topics are the last field, so they go in front of the three brackets at the end.
  yield JSON.stringify({ format: FORMAT, state: flat }).slice(0, -CLOSING.length)
  const names = [...state.topics.keys()].sort()
  for (let at = 0; at < names.length; at += TOPICS_PER_PIECE) {
    const topics = names.slice(at, at + TOPICS_PER_PIECE).map((name) => state.topics.get(name))
    const list = JSON.stringify(topics).slice(1, -1)
    yield at === 0 ? list : `,${list}`
  }
  yield CLOSING
}

const CLOSING = ']}}'
const TOPICS_PER_PIECE = 256

/** What `encodeState` wrote. Never throws, whatever the text; the state it returns keeps every invariant of the model. */
export function decodeState(encoded: string): Decoded<ClusterMetadata> {
  const decoded = decode(encoded, 'state', parseFlatMetadata)
  return decoded.ok ? stateOf(decoded.value) : decoded
}

const FORMAT = 1

function decode<Value>(encoded: string, field: string, parser: Parser<Value>): Decoded<Value> {
  const envelope = parseJson(encoded)
  if (!isObject(envelope)) return corrupt('not a JSON object')
  const format = envelope['format']
  if (format !== FORMAT) return otherFormat(format)
  const parsed = parser(envelope[field])
  return parsed.ok ? parsed : corrupt(`${field} ${parsed.fault}`)
}

function parseJson(encoded: string): unknown {
  try {
    return JSON.parse(encoded)
  } catch {
    return undefined
  }
}

/** A number is a format of another release; anything else is damage. */
function otherFormat(format: unknown): Decoded<never> {
  if (!Number.isSafeInteger(format)) return corrupt(`format must be a number, not ${quote(format)}`)
  return { ok: false, code: 'UNSUPPORTED_FORMAT', fault: `format ${String(format)} is not known, only ${FORMAT}` }
}

function stateOf(flat: FlatMetadata): Decoded<ClusterMetadata> {
  const nodes = new Map(flat.nodes.map((node) => [node.id, node]))
  const topics = TopicMap.from(new Map(flat.topics.map((topic) => [topic.name, topic])))
  const removedNodes = new Map(flat.removedNodes.map((node) => [node.id, node]))
  if (nodes.size !== flat.nodes.length) return corrupt('state repeats a node')
  if (removedNodes.size !== flat.removedNodes.length) return corrupt('state repeats a removed node')
  if (topics.size !== flat.topics.length) return corrupt('state repeats a topic')
  const state = { version: flat.version, topics, nodes, removedNodes }
  const fault = stateFault(state)
  return fault === undefined ? { ok: true, value: state } : corrupt(fault)
}

function corrupt(fault: string): Decoded<never> {
  return { ok: false, code: 'CORRUPT_DATA', fault }
}
