import { crc32 } from 'node:zlib'
import { WalrusError } from '@walrus/core'

/*
 * A record: what LevelDB holds under one key.
 *
 *   0        1         5                13
 *   +--------+---------+----------------+------------------+
 *   | u8     | u32 LE  | u64 LE         | payload          |
 *   | format | CRC-32  | number         | text or bytes    |
 *   +--------+---------+----------------+------------------+
 *             the CRC covers everything after itself
 *
 * The number is that of the command, entry, write or snapshot; it stands in the value too, so that a value under the wrong
 * key is noticed.
 */
const FORMAT = 1
const CRC_AT = 1
const INDEX_AT = 5
const HEADER_BYTES = 13

/** The bytes of a record with its checksum. */
export function encodeRecord(index: number, payload: string): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(payload))
  record.write(payload, HEADER_BYTES)
  return sealed(record, index)
}

/** Like `encodeRecord`: the payload has `payloadBytes`, all of which `fill` writes from `at` on. */
export function encodeBinaryRecord(
  index: number,
  payloadBytes: number,
  fill: (record: Buffer, at: number) => void,
): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes)
  fill(record, HEADER_BYTES)
  return sealed(record, index)
}

/** The checksum that a record carries. */
export function checksumOf(record: Buffer): number {
  return record.readUInt32LE(CRC_AT)
}

/** Gives what stands in a record the checksum that fits it; one that is too short is left alone. */
export function resealRecord(record: Buffer): void {
  if (record.length >= HEADER_BYTES) record.writeUInt32LE(crc32(record.subarray(INDEX_AT)), CRC_AT)
}

function sealed(record: Buffer, index: number): Buffer {
  record.writeUInt8(FORMAT, 0)
  record.writeBigUInt64LE(BigInt(index), INDEX_AT)
  resealRecord(record)
  return record
}

export interface IndexedRecord {
  readonly index: number
  /** A view of the record. */
  readonly payload: Buffer
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`. */
export function decodeRecord(where: string, record: Buffer): IndexedRecord {
  if (record.length < HEADER_BYTES) throw damaged(where, `${record.length} bytes are too few for a record`)
  if (record.readUInt32LE(CRC_AT) !== crc32(record.subarray(INDEX_AT)))
    throw damaged(where, 'its checksum does not match')
  const format = record.readUInt8(0)
  if (format !== FORMAT)
    throw new WalrusError('UNSUPPORTED_FORMAT', `Cannot read ${where}: record format ${format} is unknown`)
  return { index: numberAt(where, record, INDEX_AT), payload: record.subarray(HEADER_BYTES) }
}

/** The u64 LE that stands there. Throws `CORRUPT_DATA` naming `where` for one above 2^53 − 1, which nobody has written. */
export function numberAt(where: string, bytes: Buffer, at: number): number {
  const number = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(number)) throw damaged(where, `number ${number} is too large`)
  return number
}

/** The fields of a JSON object, whatever they are. Throws `CORRUPT_DATA` naming `where` for any other text. */
export function fieldsOf(where: string, text: string): { readonly [Field in string]?: unknown } {
  const parsed = parseJson(text)
  if (typeof parsed !== 'object' || parsed === null) throw damaged(where, 'it is malformed')
  return parsed
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The failure to read `where`. */
export function damaged(where: string, reason: string): WalrusError {
  return new WalrusError('CORRUPT_DATA', `Cannot read ${where}: ${reason}`)
}
