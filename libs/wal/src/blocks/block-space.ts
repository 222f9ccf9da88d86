import { assert } from '@walrus/core'

/** Which blocks of one file are free. */
export class BlockSpace {
  readonly #used: Uint8Array
  #freeCount: number
  /** Invariant: no free block stands before it. */
  #firstFree = 0

  constructor(blockCount: number) {
    this.#used = new Uint8Array(blockCount)
    this.#freeCount = blockCount
  }

  get freeCount(): number {
    return this.#freeCount
  }

  get blockCount(): number {
    return this.#used.length
  }

  /** Takes the first gap of `count` contiguous blocks; undefined if there is none. */
  take(count: number): number | undefined {
    if (count > this.#freeCount) return undefined
    const first = this.#findGap(count)
    if (first !== undefined) this.occupy(first, count)
    return first
  }

  /** Marks blocks as used. Invariant: they were free. */
  occupy(first: number, count: number): void {
    for (let block = first; block < first + count; block++) {
      assert(this.#used[block] === 0, `block ${block} was free before it was taken`)
      this.#used[block] = 1
    }
    this.#freeCount -= count
    while (this.#used[this.#firstFree] === 1) this.#firstFree++
  }

  release(first: number, count: number): void {
    for (let block = first; block < first + count; block++) {
      assert(this.#used[block] === 1, `block ${block} was taken before it was released`)
      this.#used[block] = 0
    }
    this.#freeCount += count
    this.#firstFree = Math.min(this.#firstFree, first)
  }

  /** True when the blocks exist and none is used: what a slot claims is checked with it. */
  isFree(first: number, count: number): boolean {
    if (first < 0 || count < 1 || first + count > this.#used.length) return false
    return this.#used.subarray(first, first + count).every((used) => used === 0)
  }

  hasGap(count: number): boolean {
    return count <= this.#freeCount && this.#findGap(count) !== undefined
  }

  #findGap(count: number): number | undefined {
    let length = 0
    for (let block = this.#firstFree; block < this.#used.length; block++) {
      length = this.#used[block] === 0 ? length + 1 : 0
      if (length === count) return block - count + 1
    }
    return undefined
  }
}
