import { WalrusError } from '@walrus/core'
import { fitsU32, fitsU64, writeU16, writeU32, writeU64 } from '../little-endian.js'
import { encodeUtf8 } from '../text/utf8.js'

/** Writes values one behind the other, in memory that grows with them. A number that has no place throws `INVALID_ARGUMENT`. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  /** What is written fits without being moved as long as it takes no more than `expectedBytes`. */
  constructor(expectedBytes = SMALLEST_BYTES) {
    this.#bytes = new Uint8Array(expectedBytes)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  u16(value: number): void {
    check(value >>> 0 === value && value <= 0xffff, value, '2^16')
    const at = this.#grow(2)
    writeU16(this.#bytes, at, value)
  }

  u32(value: number): void {
    check(fitsU32(value), value, '2^32')
    const at = this.#grow(4)
    writeU32(this.#bytes, at, value)
  }

  u64(value: number): void {
    check(fitsU64(value), value, '2^53')
    const at = this.#grow(8)
    writeU64(this.#bytes, at, value)
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  text(text: string): void {
    this.bytes(encodeUtf8(text))
  }

  /** At most 255 bytes of UTF-8 behind their length. */
  shortText(text: string): void {
    const encoded = encodeUtf8(text)
    check(encoded.length <= 0xff, encoded.length, '2^8')
    this.u8(encoded.length)
    this.bytes(encoded)
  }

  /** Writes over a number that stands at `at` already. */
  setU32(at: number, value: number): void {
    writeU32(this.#bytes, at, value)
  }

  /** What stands in `[start, length)`, until the next write. */
  view(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length)
  }

  /** Forgets everything behind `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  /** Everything written since the last `take`; it is never touched again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = new Uint8Array(SMALLEST_BYTES)
    this.#length = 0
    return taken
  }

  /** Where the next `count` bytes go, in memory that may be another one than before. */
  #grow(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
    }
    this.#length = needed
    return at
  }
}

/** Most turns have a message or two to send. */
const SMALLEST_BYTES = 256

function check(fits: boolean, value: number, limit: string): void {
  if (fits) return
  throw new WalrusError(
    'INVALID_ARGUMENT',
    `Cannot encode number "${value}": it is not an integer from 0 to ${limit} - 1`,
  )
}
