/** Reads the values of LevelDB's formats one behind the other. What is not there throws, and means that the bytes are damaged. */
export class Cursor {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new RangeError('it ends too early')
    this.at++
    return byte
  }

  /** A varint of at most 2^53 − 1. */
  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large')
      if (byte < 128) return value
    }
  }

  bytes(length: number): Buffer {
    if (length > this.#bytes.length - this.at) throw new RangeError('it ends too early')
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }
}
