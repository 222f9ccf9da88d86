import { WalrusError } from '@walrus/core'
import { byteAt, fitsU64, readU64, writeU64 } from '../little-endian.js'

/*
 * The payload of a control batch: records, one behind the other, told apart by their first byte (spec/batch-format.md).
 *
 *    ┌───┬────────────────┬──────────────────────┬────────────┐
 *    │ 1 │ nameLength u8  │ name, Latin-1, 1–255 │ offset u64 │   cursor
 *    ├───┼────────────────┴───┬──────────────────┴────────────┤
 *    │ 2 │ producerId u64     │ lastSequence u64              │   producer
 *    ├───┼────────────────────┴───────────────────────────────┘
 *    │ 3 │                                                        snapshot
 *    └───┘
 */

/** One record of a control batch. */
export type ControlRecord =
  /** The cursor's next entry is `offset` (topic offset). The name is 1 to 255 characters of Latin-1. */
  | { readonly kind: 'cursor'; readonly name: string; readonly offset: number }
  /** The last sequence of the producer that was appended. */
  | { readonly kind: 'producer'; readonly id: number; readonly lastSequence: number }
  /** What follows in this batch replaces the whole state of the topic. */
  | { readonly kind: 'snapshot' }

/** Why a payload is not control records: a kind that this code does not know, an end inside a record, or a value out of range. */
export type ControlFault = 'unknown-kind' | 'truncated' | 'range'

const KIND_CURSOR = 1
const KIND_PRODUCER = 2
const KIND_SNAPSHOT = 3
const U64_BYTES = 8
const PRODUCER_BYTES = 1 + 2 * U64_BYTES
const NAME_LENGTH_MAX = 255

/** The records as a payload of exactly their size. A name or number that has no place in it throws `INVALID_ARGUMENT`. */
export function encodeControlPayload(records: readonly ControlRecord[]): Uint8Array {
  let size = 0
  for (const record of records) size += checkedSize(record)
  const target = new Uint8Array(size)
  let at = 0
  for (const record of records) at = writeRecord(target, at, record)
  return target
}

/** The records of a control batch's payload, or why it is not one. Never throws, whatever the bytes. */
export function decodeControlPayload(bytes: Uint8Array): readonly ControlRecord[] | ControlFault {
  const records: ControlRecord[] = []
  let at = 0
  while (at < bytes.length) {
    const end = recordEnd(bytes, at)
    if (typeof end === 'string') return end
    const record = end <= bytes.length ? readRecord(bytes, at) : 'truncated'
    if (record === 'truncated' || record === 'range') return record
    records.push(record)
    at = end
  }
  return records
}

/**
 * True when the first record of the payload `bytes[start, end)` is a snapshot: an engine wrote the batch for itself, at the
 * beginning of what it allocated, and it is no record of the log.
 */
export function startsWithSnapshot(bytes: Uint8Array, start: number, end: number): boolean {
  return start < end && byteAt(bytes, start) === KIND_SNAPSHOT
}

function checkedSize(record: ControlRecord): number {
  switch (record.kind) {
    case 'cursor':
      checkName(record.name)
      checkNumber('cursor offset', record.offset)
      return cursorBytes(record.name.length)
    case 'producer':
      checkNumber('producer id', record.id)
      checkNumber('producer sequence', record.lastSequence)
      return PRODUCER_BYTES
    case 'snapshot':
      return 1
  }
}

function checkName(name: string): void {
  if (name.length === 0 || name.length > NAME_LENGTH_MAX) {
    throw invalid('cursor name', name, `it has ${name.length} characters, 1 to ${NAME_LENGTH_MAX} are allowed`)
  }
  for (let at = 0; at < name.length; at++) {
    if (name.charCodeAt(at) > 0xff) throw invalid('cursor name', name, `character ${at} is not Latin-1`)
  }
}

function checkNumber(what: string, value: number): void {
  if (!fitsU64(value)) throw invalid(what, value, 'it is not an integer from 0 to 2^53 - 1')
}

function invalid(what: string, value: string | number, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot encode ${what} ${JSON.stringify(value)}: ${reason}`)
}

function writeRecord(target: Uint8Array, at: number, record: ControlRecord): number {
  switch (record.kind) {
    case 'cursor':
      return writeCursor(target, at, record.name, record.offset)
    case 'producer':
      target[at] = KIND_PRODUCER
      writeU64(target, at + 1, record.id)
      writeU64(target, at + 1 + U64_BYTES, record.lastSequence)
      return at + PRODUCER_BYTES
    case 'snapshot':
      target[at] = KIND_SNAPSHOT
      return at + 1
  }
}

function writeCursor(target: Uint8Array, at: number, name: string, offset: number): number {
  target[at] = KIND_CURSOR
  target[at + 1] = name.length
  for (let i = 0; i < name.length; i++) target[at + 2 + i] = name.charCodeAt(i)
  writeU64(target, at + 2 + name.length, offset)
  return at + cursorBytes(name.length)
}

function cursorBytes(nameLength: number): number {
  return 2 + nameLength + U64_BYTES
}

/** Where the record at `at` ends, if its bytes are there. */
function recordEnd(bytes: Uint8Array, at: number): number | ControlFault {
  switch (byteAt(bytes, at)) {
    case KIND_CURSOR:
      return at + 1 < bytes.length ? at + cursorBytes(byteAt(bytes, at + 1)) : 'truncated'
    case KIND_PRODUCER:
      return at + PRODUCER_BYTES
    case KIND_SNAPSHOT:
      return at + 1
    default:
      return 'unknown-kind'
  }
}

function readRecord(bytes: Uint8Array, at: number): ControlRecord | 'range' {
  switch (byteAt(bytes, at)) {
    case KIND_CURSOR:
      return readCursor(bytes, at)
    case KIND_PRODUCER: {
      const id = readU64(bytes, at + 1)
      const lastSequence = readU64(bytes, at + 1 + U64_BYTES)
      return fitsU64(id) && fitsU64(lastSequence) ? { kind: 'producer', id, lastSequence } : 'range'
    }
    default:
      return { kind: 'snapshot' }
  }
}

function readCursor(bytes: Uint8Array, at: number): ControlRecord | 'range' {
  const nameStart = at + 2
  const nameEnd = nameStart + byteAt(bytes, at + 1)
  const offset = readU64(bytes, nameEnd)
  if (nameEnd === nameStart || !fitsU64(offset)) return 'range'
  return { kind: 'cursor', name: String.fromCharCode(...bytes.subarray(nameStart, nameEnd)), offset }
}
