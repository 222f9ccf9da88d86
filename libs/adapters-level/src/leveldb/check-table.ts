import { maskedCrc32c } from './crc32c.js'
import { Cursor } from './cursor.js'
import { decompressSnappy } from './snappy.js'

/*
 * A table of LevelDB: blocks, each with its type and checksum, then a footer that says where two of them are. The index names
 * the data blocks, the other one the filter. All numbers are varints or little-endian.
 *
 *   block    content, type u8 (0 plain, 1 Snappy), masked CRC-32C u32 of both
 *   footer   handle of the list of filters, handle of the index, padding up to 40 bytes, magic u64
 *   handle   offset, size of the content
 *   entry    (in an index) shared, unshared and value length, unshared bytes of the key, value: a handle
 */

/**
 * What is wrong with a table, in words; undefined: every block is what was written. LevelDB itself checks no block when it
 * reads one, and ends the process over some that are damaged.
 */
export function tableFault(table: Buffer): string | undefined {
  try {
    const [filters, index] = readFooter(table)
    for (const list of [filters, index]) {
      for (const handle of handlesOf(readBlock(table, list))) checkBlock(table, handle)
    }
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

interface Handle {
  readonly offset: number
  readonly size: number
}

const FOOTER_BYTES = 48
const MAGIC = 0xdb4775248b80fb57n
const TRAILER_BYTES = 5
/** Far more than a block of this store ever has: an index names a few thousand blocks. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024

function readFooter(table: Buffer): readonly [Handle, Handle] {
  if (table.length < FOOTER_BYTES) throw new RangeError('it has no footer')
  const footer = table.subarray(-FOOTER_BYTES)
  if (footer.readBigUInt64LE(FOOTER_BYTES - 8) !== MAGIC) throw new RangeError('its footer is damaged')
  const cursor = new Cursor(footer)
  return [readHandle(cursor), readHandle(cursor)]
}

function readHandle(cursor: Cursor): Handle {
  return { offset: cursor.varint(), size: cursor.varint() }
}

/** Throws unless the block is what was written. */
function checkBlock(table: Buffer, { offset, size }: Handle): void {
  const end = offset + size + TRAILER_BYTES
  if (end > table.length - FOOTER_BYTES) throw new RangeError(`a block at ${offset} is outside of it`)
  if (table.readUInt32LE(end - 4) !== maskedCrc32c(table.subarray(offset, end - 4))) {
    throw new RangeError(`the block at ${offset} does not match its checksum`)
  }
}

function readBlock(table: Buffer, handle: Handle): Buffer {
  checkBlock(table, handle)
  const { offset, size } = handle
  const content = table.subarray(offset, offset + size)
  return table[offset + size] === 1 ? decompressSnappy(content, INDEX_BYTES_MAX) : content
}

/** The values of a block's entries. At its end stand the places where keys begin anew, and how many there are. */
function handlesOf(block: Buffer): readonly Handle[] {
  if (block.length < 4) throw new RangeError('a list of blocks is too short')
  const entriesBytes = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  if (entriesBytes < 0) throw new RangeError('a list of blocks contradicts itself')
  const cursor = new Cursor(block.subarray(0, entriesBytes))
  const handles: Handle[] = []
  while (!cursor.isAtEnd) {
    cursor.varint()
    const keyBytes = cursor.varint()
    const valueBytes = cursor.varint()
    cursor.bytes(keyBytes)
    handles.push(readHandle(new Cursor(cursor.bytes(valueBytes))))
  }
  return handles
}
