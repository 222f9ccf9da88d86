import { violated } from './invariant.js'
import { type LogIndex } from './types.js'

/** How much may be under way to one follower. */
export interface InflightLimits {
  readonly messages: number
  /** Soft: the message that reaches it still goes out. */
  readonly bytes: number
}

/**
 * The append messages that were sent to one follower and not acknowledged, oldest first.
 *
 * Invariant: the indexes ascend, and `count` never exceeds the limit of messages.
 */
export class Inflights {
  readonly #limits: InflightLimits
  #lastIndexes: LogIndex[] = []
  #sizes: number[] = []
  #start = 0
  #bytes = 0

  constructor(limits: InflightLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#lastIndexes.length - this.#start
  }

  get full(): boolean {
    return this.count >= this.#limits.messages || this.#bytes >= this.#limits.bytes
  }

  /** Notes a message whose last entry is `lastIndex`. There must be room. */
  add(lastIndex: LogIndex, bytes: number): void {
    if (this.full) violated('cannot add to a full window of in-flight messages')
    this.#lastIndexes.push(lastIndex)
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  /** Forgets every message whose entries are all at or below `index`. */
  freeUpTo(index: LogIndex): void {
    while (this.count > 0 && (this.#lastIndexes[this.#start] ?? 0) <= index) {
      this.#bytes -= this.#sizes[this.#start] ?? 0
      this.#start++
    }
    this.#dropFreed()
  }

  clear(): void {
    this.#lastIndexes = []
    this.#sizes = []
    this.#start = 0
    this.#bytes = 0
  }

  /** Cuts the dead front off once it is the larger half, which keeps both calls constant on average. */
  #dropFreed(): void {
    if (this.count === 0) this.clear()
    else if (this.#start > 16 && this.#start > this.count) {
      this.#lastIndexes = this.#lastIndexes.slice(this.#start)
      this.#sizes = this.#sizes.slice(this.#start)
      this.#start = 0
    }
  }
}
