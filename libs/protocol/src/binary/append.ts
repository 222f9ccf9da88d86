import { WalrusError, type Producer } from '@walrus/core'
import { EntryReader } from '../batch/entries.js'
import { ENTRY_HEADER_BYTES } from '../batch/header.js'
import type { ByteReader } from '../peer/byte-reader.js'
import { isInvalid, type BinaryCommand, type InvalidBody } from './binary-command.js'
import { readTopic, writeTopic } from './names.js'

/*
 *   request   ┌───────┬────────────────┬──────────────┬───────────┬─────────────────────────────┐
 *             │ topic │ producerId u64 │ sequence u64 │ count u32 │ count × (length u32, bytes) │
 *             └───────┴────────────────┴──────────────┴───────────┴─────────────────────────────┘
 *   answer    ┌──────────┬─────────────────┬───────────┐
 *             │ known u8 │ firstOffset u64 │ count u32 │
 *             └──────────┴─────────────────┴───────────┘
 *
 * The entries stand as in the payload of a batch. Producer 0 is nobody: then the sequence is 0 too.
 */

/** Append entries to a topic, all or nothing. */
export interface AppendRequest {
  readonly command: 'append'
  readonly topic: string
  /** Whose entries they are, so that they are stored once however often they are sent; undefined: nobody's. */
  readonly producer: Producer | undefined
  /** 1 to `APPEND_ENTRIES_MAX`; as parsed, views of the request's bytes. */
  readonly entries: readonly Uint8Array[]
}

/** They are as durable as the node is set to make them, and readable, at consecutive offsets. */
export interface AppendReply {
  /** Topic offset of the first one; undefined for a repetition of what was stored earlier than anybody remembers where. */
  readonly firstOffset: number | undefined
  readonly count: number
}

/** Entries of one append: a frame of empty ones must not become more memory than it has bytes by far. */
export const APPEND_ENTRIES_MAX = 65_536

export const append: BinaryCommand<AppendRequest, AppendReply> = {
  code: 0x81,
  writeRequest: ({ topic, producer, entries }, output) => {
    checkCount(entries.length)
    writeTopic(topic, output)
    output.u64(producer?.id ?? 0)
    output.u64(producer?.sequence ?? 0)
    output.u32(entries.length)
    output.reserve(entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0))
    for (const entry of entries) {
      output.u32(entry.length)
      output.bytes(entry)
    }
  },
  readRequest: (input) => {
    const topic = readTopic(input)
    const producer = readProducer(input)
    const entries = readEntries(input)
    if (isInvalid(topic)) return topic
    if (isInvalid(producer)) return producer
    return isInvalid(entries) ? entries : { command: 'append', topic, producer, entries }
  },
  writeReply: ({ firstOffset, count }, output) => {
    output.u8(firstOffset === undefined ? 0 : 1)
    output.u64(firstOffset ?? 0)
    output.u32(count)
  },
  readReply: (input) => {
    const known = input.u8() === 1
    const offset = input.u64()
    return { firstOffset: known ? offset : undefined, count: input.u32() }
  },
}

function readProducer(input: ByteReader): Producer | undefined | InvalidBody {
  const id = input.u64()
  const sequence = input.u64()
  if (id > 0) return { id, sequence }
  return sequence === 0 ? undefined : invalid(`sequence "${sequence}" belongs to no producer`)
}

function readEntries(input: ByteReader): readonly Uint8Array[] | InvalidBody {
  const count = input.count(ENTRY_HEADER_BYTES)
  const payload = input.bytes(input.remaining)
  if (input.fault !== undefined) return []
  if (count < 1 || count > APPEND_ENTRIES_MAX) return invalid(countRule(count))
  const reader = new EntryReader(payload, 0, payload.length, count)
  const entries = new Array<Uint8Array>(count)
  for (let at = 0; reader.next(); at++) entries[at] = viewOf(payload, reader.start, reader.end)
  return reader.fault === undefined ? entries : invalid(`of its entries, ${ENTRY_FAULTS[reader.fault]}`)
}

function viewOf(payload: Uint8Array, start: number, end: number): Uint8Array {
  return start === end ? NO_BYTES : payload.subarray(start, end)
}

const NO_BYTES = new Uint8Array(0)
const ENTRY_FAULTS = {
  'short-length': 'one ends inside its length',
  'short-entry': 'one ends inside its bytes',
  'missing-entries': 'some are missing',
  'surplus-bytes': 'there are bytes behind the last',
} as const

function checkCount(count: number): void {
  if (count < 1 || count > APPEND_ENTRIES_MAX)
    throw new WalrusError('INVALID_ARGUMENT', invalid(countRule(count)).message)
}

function countRule(count: number): string {
  return `"${count}" entries are not 1 to ${APPEND_ENTRIES_MAX}`
}

function invalid(reason: string): InvalidBody {
  return { command: 'invalid', code: 'INVALID_ARGUMENT', message: `Cannot append: ${reason}` }
}
