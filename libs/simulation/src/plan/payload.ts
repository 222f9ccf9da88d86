import { randomBelow, type Random } from '@walrus/testing'
import { between } from './random-choice.js'

/** Makes entries that tell which one they are, so that a wrong one is never taken for the right one, unless it is tiny. */
export class Payloads {
  readonly #random: Random
  readonly #bytesMax: number
  #count = 0

  constructor(random: Random, bytesMax: number) {
    this.#random = random
    this.#bytesMax = bytesMax
  }

  next(): Uint8Array {
    const bytes = new Uint8Array(this.#lengthBytes())
    this.#count += 1
    let state = Math.imul(this.#count, 0x9e3779b1) | 1
    for (let at = 0; at < bytes.length; at += 1) {
      state = (Math.imul(state, 0x01000193) ^ (state >>> 15)) + at
      bytes[at] = state >>> 8
    }
    if (bytes.length > 0) new DataView(bytes.buffer).setUint32(0, this.#count)
    return bytes
  }

  #lengthBytes(): number {
    const kind = this.#random()
    if (kind < 0.04) return 0
    if (kind < 0.7) return between(this.#random, 4, 120)
    return kind < 0.9
      ? between(this.#random, 4, 4 + Math.floor(this.#bytesMax / 4))
      : 4 + randomBelow(this.#random, this.#bytesMax)
  }
}
