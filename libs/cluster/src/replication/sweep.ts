import type { Clock, Timer } from '@walrus/core'

export interface SweepOptions<Item> {
  readonly clock: Clock
  /** How long it rests when it has seen all; longer when that was much work. */
  readonly intervalMs: number
  /** What there is; it may change while it is gone through. */
  readonly items: () => Iterable<Item>
  readonly look: (item: Item) => void
}

/**
 * Looks at all there is, now and then; at so much at a time that nothing else waits for long, and so seldom that it takes a small
 * part of the processor, however much there is. Begins at once.
 */
export class Sweep<Item> {
  readonly #options: SweepOptions<Item>
  #rest: Iterator<Item> | undefined
  #timer: Timer | undefined
  /** Spent on looking since the last rest. */
  #workMs = 0

  constructor(options: SweepOptions<Item>) {
    this.#options = options
    this.#step()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #step(): void {
    const { clock, intervalMs, items, look } = this.#options
    const startMs = clock.monotonicMs()
    this.#rest ??= items()[Symbol.iterator]()
    for (let count = 0; count < AT_A_TIME; count += 1) {
      const next = this.#rest.next()
      if (next.done === true) {
        this.#rest = undefined
        break
      }
      look(next.value)
    }
    this.#workMs += clock.monotonicMs() - startMs
    this.#timer = clock.after(this.#rest === undefined ? this.#restMs(intervalMs) : PAUSE_MS, () => this.#step())
  }

  #restMs(intervalMs: number): number {
    const restMs = Math.max(intervalMs, REST_PER_WORK * this.#workMs)
    this.#workMs = 0
    return restMs
  }
}

const AT_A_TIME = 1_000
/** So a hundredth of the time, at most, is spent on looking. */
const REST_PER_WORK = 100
const PAUSE_MS = 1
