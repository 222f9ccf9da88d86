import { maskedCrc32c } from './crc32c.js'
import { Cursor } from './cursor.js'

/*
 * The manifest of LevelDB is a log of changes to the set of its tables. A log is cut into blocks of 32 KiB; a record that does
 * not fit is cut into pieces, and no piece begins in the last 6 bytes of a block.
 *
 *   piece    masked CRC-32C u32 of type and bytes, length u16, type u8 (1 whole, 2 first, 3 middle, 4 last), bytes
 */

/**
 * The numbers of the tables that are in use. What cannot be read ends the list: a manifest that is damaged is found by
 * LevelDB itself, which checks all of it.
 */
export function liveTables(manifest: Buffer): ReadonlySet<number> {
  const live = new Set<number>()
  for (const record of recordsOf(manifest)) {
    try {
      applyEdit(record, live)
    } catch (error) {
      if (error instanceof RangeError) break
      throw error
    }
  }
  return live
}

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7

function* recordsOf(log: Buffer): Generator<Buffer> {
  let pieces: Buffer[] = []
  for (let at = 0; at + HEADER_BYTES <= log.length;) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      at += left
      continue
    }
    const end = at + HEADER_BYTES + log.readUInt16LE(at + 4)
    if (end > log.length || log.readUInt32LE(at) !== maskedCrc32c(log.subarray(at + 6, end))) return
    const type = log[at + 6]
    pieces.push(log.subarray(at + HEADER_BYTES, end))
    if (type === 1 || type === 4) {
      yield Buffer.concat(pieces)
      pieces = []
    }
    at = end
  }
}

/** The fields of a change that come before others, by their numbers in LevelDB. */
const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE_NUMBER = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

function applyEdit(record: Buffer, live: Set<number>): void {
  const cursor = new Cursor(record)
  const text = (): Buffer => cursor.bytes(cursor.varint())
  while (!cursor.isAtEnd) {
    switch (cursor.varint()) {
      case COMPARATOR:
        text()
        break
      case LOG_NUMBER:
      case NEXT_FILE_NUMBER:
      case LAST_SEQUENCE:
      case PREVIOUS_LOG_NUMBER:
        cursor.varint()
        break
      case COMPACT_POINTER:
        cursor.varint()
        text()
        break
      case DELETED_FILE:
        cursor.varint()
        live.delete(cursor.varint())
        break
      case NEW_FILE:
        cursor.varint()
        live.add(cursor.varint())
        cursor.varint()
        text()
        text()
        break
      default:
        throw new RangeError('a change is of unknown kind')
    }
  }
}
