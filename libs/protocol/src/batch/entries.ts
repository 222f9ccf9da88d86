import { readU32, writeU32 } from '../little-endian.js'
import { ENTRY_HEADER_BYTES } from './header.js'

/*
 * The payload of a data batch: its entries, one behind the other (spec/batch-format.md).
 *
 *    ┌────────────┬───────────────┬────────────┬───────────────┬───
 *    │ length u32 │ length bytes  │ length u32 │ length bytes  │ …   entryCount times, nothing behind the last
 *    └────────────┴───────────────┴────────────┴───────────────┴───
 */

/**
 * Why a payload is not what its header says: it ends inside an entry's length, inside an entry's bytes, before the last
 * entry, or goes on behind it.
 */
export type EntryFault = 'short-length' | 'short-entry' | 'missing-entries' | 'surplus-bytes'

/** Writes one entry with its length at `at`, which must fit, and returns the position behind it. */
export function writeEntry(target: Uint8Array, at: number, entry: Uint8Array): number {
  writeU32(target, at, entry.length)
  target.set(entry, at + ENTRY_HEADER_BYTES)
  return at + ENTRY_HEADER_BYTES + entry.length
}

/**
 * Walks over the entries of an uncompressed payload where it lies, without allocating. After each `next()` that is true, the
 * entry is `bytes[start, end)`. When it is false the walk is over, and `fault` says whether the payload was what it should be.
 *
 *     const reader = new EntryReader(bytes, payloadStart, payloadEnd, header.entryCount)
 *     while (reader.next()) use(bytes.subarray(reader.start, reader.end))
 *     if (reader.fault !== undefined) …
 */
export class EntryReader {
  /** First byte of the current entry. */
  start = 0
  /** Behind the last byte of the current entry. */
  end = 0
  /** Set when the walk ended at something that is not an entry. */
  fault: EntryFault | undefined
  #bytes: Uint8Array
  #payloadEnd: number
  #remaining: number

  /** The payload is `bytes[start, end)`, cut to what there is. */
  constructor(bytes: Uint8Array, start: number, end: number, entryCount: number) {
    this.#bytes = bytes
    this.#payloadEnd = Math.min(end, bytes.length)
    this.#remaining = entryCount
    this.end = start
  }

  /** Steps to the next entry; false, again and again, at the end and at a fault. */
  next(): boolean {
    if (this.fault !== undefined) return false
    const start = this.end + ENTRY_HEADER_BYTES
    if (this.#remaining === 0 || start > this.#payloadEnd) return this.#finish()
    const end = start + readU32(this.#bytes, this.end)
    if (end > this.#payloadEnd) return this.#fail('short-entry')
    this.start = start
    this.end = end
    this.#remaining--
    return true
  }

  #finish(): boolean {
    const restBytes = this.#payloadEnd - this.end
    if (this.#remaining === 0) return restBytes === 0 ? false : this.#fail('surplus-bytes')
    return this.#fail(restBytes === 0 ? 'missing-entries' : 'short-length')
  }

  #fail(fault: EntryFault): boolean {
    this.fault = fault
    return false
  }
}
