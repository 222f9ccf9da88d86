/** A stream of numbers that a seed determines (sfc32). Everything that happens by chance in a simulation comes from here. */
export class RandomStream {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed
    this.#b = 0x243f6a88
    this.#c = Math.floor(seed / 2 ** 32) ^ 0xb7e15162
    for (let round = 0; round < 12; round++) this.#next()
  }

  /** An integer from 0 to `bound - 1`. */
  readonly integer = (bound: number): number => Math.floor((this.#next() / 2 ** 32) * bound)

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.integer(high - low + 1)
  }

  /** True with a probability of `percent`. */
  chance(percent: number): boolean {
    return this.#next() < percent * (2 ** 32 / 100)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(values.length)] as T
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
