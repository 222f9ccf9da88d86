import { emptyBytes } from '@walrus/raft'
import { byteAt, fitsU64, readU16, readU32, readU64 } from '../little-endian.js'
import { decodeUtf8 } from '../text/utf8.js'

/**
 * Why a frame cannot be read: it ends inside a field; a value is outside what the field allows; it is not our protocol, or
 * not our version of it.
 */
export type FieldFault = 'truncated' | 'range' | 'magic' | 'version'

/**
 * Reads values one behind the other. It never throws: once something is wrong, `fault` says what, and every value is zero
 * or empty. So a codec reads all of its fields first, and whoever called it looks at `fault` before the result.
 */
export class ByteReader {
  fault: FieldFault | undefined
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  /** Reads `bytes[start, end)`, which must be there. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get remaining(): number {
    return this.fault === undefined ? this.#end - this.#at : 0
  }

  u8(): number {
    const at = this.#take(1)
    return at === NOTHING ? 0 : byteAt(this.#bytes, at)
  }

  u16(): number {
    const at = this.#take(2)
    return at === NOTHING ? 0 : readU16(this.#bytes, at)
  }

  u32(): number {
    const at = this.#take(4)
    return at === NOTHING ? 0 : readU32(this.#bytes, at)
  }

  /** At most 2^53 − 1, or it is out of range. */
  u64(): number {
    const at = this.#take(8)
    if (at === NOTHING) return 0
    const value = readU64(this.#bytes, at)
    return fitsU64(value) ? value : this.#zero('range')
  }

  /** A `u64` that is not 0. */
  id(): number {
    const id = this.u64()
    return id > 0 ? id : this.#zero('range')
  }

  /** A view of the next `length` bytes; an empty one keeps no memory alive. */
  bytes(length: number): Uint8Array {
    const at = length === 0 ? NOTHING : this.#take(length)
    return at === NOTHING ? emptyBytes : this.#bytes.subarray(at, at + length)
  }

  text(length: number): string {
    const at = this.#take(length)
    const text = at === NOTHING ? '' : decodeUtf8(this.#bytes, at, at + length)
    if (text === undefined) this.fail('range')
    return text ?? ''
  }

  /** The length of a list whose items have at least `itemBytes` each: never more than the bytes that are there can hold. */
  count(itemBytes: number): number {
    const count = this.u32()
    return count * itemBytes <= this.remaining ? count : this.#zero('truncated')
  }

  /** The first fault is the one that counts. */
  fail(fault: FieldFault): void {
    this.fault ??= fault
  }

  #zero(fault: FieldFault): 0 {
    this.fail(fault)
    return 0
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.remaining) this.fail('truncated')
    if (this.fault !== undefined) return NOTHING
    this.#at = at + count
    return at
  }
}

const NOTHING = -1
