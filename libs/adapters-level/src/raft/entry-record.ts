import type { Entry, EntryType } from '@walrus/raft'
import { damaged, decodeRecord, encodeBinaryRecord, numberAt } from '../record.js'

/*
 * The payload of an entry's record (see ../record.ts; its number is the entry's index).
 *
 *   0               4          12       13
 *   +---------------+----------+--------+----------+
 *   | u32 LE        | u64 LE   | u8     | data     |
 *   | checksum of   | term     | type   |          |
 *   | entry before  |          |        |          |
 *   +---------------+----------+--------+----------+
 *
 * So the checksum of an entry stands for everything before it as well: no entry can be another one without all after it,
 * and the root, saying so.
 */
const TERM_AT = 4
const TYPE_AT = 12
const HEADER_BYTES = 13
const TYPES: readonly EntryType[] = ['normal', 'confChange', 'confChangeV2']

export function encodeEntry({ index, term, type, data }: Entry, previousChecksum: number): Buffer {
  return encodeBinaryRecord(index, HEADER_BYTES + data.length, (record, at) => {
    record.writeUInt32LE(previousChecksum, at)
    record.writeBigUInt64LE(BigInt(term), at + TERM_AT)
    record.writeUInt8(TYPES.indexOf(type), at + TYPE_AT)
    record.set(data, at + HEADER_BYTES)
  })
}

export interface StoredEntry {
  readonly entry: Entry
  readonly previousChecksum: number
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`. */
export function decodeEntry(where: string, index: number, value: Buffer): StoredEntry {
  const record = decodeRecord(where, value)
  if (record.index !== index) throw damaged(where, `it says that it is entry ${record.index}`)
  const { payload } = record
  const type = payload.length < HEADER_BYTES ? undefined : TYPES[payload.readUInt8(TYPE_AT)]
  if (type === undefined) throw damaged(where, 'its header is malformed')
  const term = numberAt(where, payload, TERM_AT)
  const data = payload.subarray(HEADER_BYTES)
  return { entry: { index, term, type, data }, previousChecksum: payload.readUInt32LE(0) }
}
