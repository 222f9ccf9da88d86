import type { Clock, Timer } from '@walrus/core'

export interface SweepOptions<Item> {
  readonly clock: Clock
  /** How long it rests when it has seen all. */
  readonly intervalMs: number
  /** What there is; it may change while it is gone through. */
  readonly items: () => Iterable<Item>
  readonly look: (item: Item) => void
}

/** Looks at all there is, now and then; at so much at a time that nothing else waits for long. Begins at once. */
export class Sweep<Item> {
  readonly #options: SweepOptions<Item>
  #rest: Iterator<Item> | undefined
  #timer: Timer | undefined

  constructor(options: SweepOptions<Item>) {
    this.#options = options
    this.#step()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #step(): void {
    const { clock, intervalMs, items, look } = this.#options
    this.#rest ??= items()[Symbol.iterator]()
    for (let count = 0; count < AT_A_TIME; count += 1) {
      const next = this.#rest.next()
      if (next.done === true) {
        this.#rest = undefined
        break
      }
      look(next.value)
    }
    this.#timer = clock.after(this.#rest === undefined ? intervalMs : PAUSE_MS, () => this.#step())
  }
}

const AT_A_TIME = 1_000
const PAUSE_MS = 1
