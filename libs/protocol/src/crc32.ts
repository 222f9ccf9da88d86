import type { Checksum } from '@walrus/core'
import { byteAt, readU32 } from './little-endian.js'

/**
 * CRC-32 (IEEE 802.3, reflected: the one of zlib) without native help. `crc32(b, crc32(a))` is the checksum of a followed
 * by b. Eight bytes a step: about 1.8 GB/s, where the runtime's native one does 6 GB/s on large buffers and is slower
 * below some hundred bytes.
 */
export const crc32: Checksum = (bytes, seed = 0) => {
  const wholeEnd = bytes.length & ~7
  let crc = ~seed
  for (let at = 0; at < wholeEnd; at += 8) crc = foldEight(crc ^ readU32(bytes, at), bytes, at)
  for (let at = wholeEnd; at < bytes.length; at++) crc = (crc >>> 8) ^ entryOf(0, crc ^ byteAt(bytes, at))
  return ~crc >>> 0
}

/** Table k holds what a byte does to the checksum when k more bytes follow it. */
const tables = buildTables(8)

function foldEight(low: number, bytes: Uint8Array, at: number): number {
  return (
    entryOf(7, low) ^
    entryOf(6, low >>> 8) ^
    entryOf(5, low >>> 16) ^
    entryOf(4, low >>> 24) ^
    entryOf(3, byteAt(bytes, at + 4)) ^
    entryOf(2, byteAt(bytes, at + 5)) ^
    entryOf(1, byteAt(bytes, at + 6)) ^
    entryOf(0, byteAt(bytes, at + 7))
  )
}

function entryOf(table: number, byte: number): number {
  return tables[table * 256 + (byte & 0xff)] as number
}

function buildTables(count: number): Int32Array {
  const built = new Int32Array(256 * count)
  for (let byte = 0; byte < 256; byte++) built[byte] = divide(byte)
  for (let at = 256; at < built.length; at++) {
    const before = built[at - 256] as number
    built[at] = (before >>> 8) ^ (built[before & 0xff] as number)
  }
  return built
}

function divide(byte: number): number {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
}
