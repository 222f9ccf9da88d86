import type { Clock, Timer } from '@walrus/core'

export interface WaitingLineOptions<Item> {
  readonly clock: Clock
  /** How long an item may wait. */
  readonly timeoutMs: number
  /** Called with an item that waited too long; it has left the line. */
  readonly giveUp: (item: Item) => void
}

/**
 * First in, first out, with a deadline. All items wait equally long, so the first one is always the next to give up:
 * one timer serves the line, and it is not touched when items come and go in time.
 */
export class WaitingLine<Item> {
  readonly #options: WaitingLineOptions<Item>
  #places: Place<Item>[] = []
  /** Places before it are free. */
  #head = 0
  #timer: Timer | undefined

  constructor(options: WaitingLineOptions<Item>) {
    this.#options = options
  }

  get size(): number {
    return this.#places.length - this.#head
  }

  get first(): Item | undefined {
    return this.#places[this.#head]?.item
  }

  push(item: Item): void {
    const { clock, timeoutMs } = this.#options
    this.#places.push({ item, deadlineMs: clock.monotonicMs() + timeoutMs })
    this.#timer ??= clock.after(timeoutMs, () => this.#expire())
  }

  shift(): Item | undefined {
    const place = this.#places[this.#head]
    if (place === undefined) return undefined
    this.#head += 1
    if (this.#head === this.#places.length || this.#head >= FREE_PLACES_MAX) this.#compact()
    return place.item
  }

  /** Those who had left stand at the front again, with the deadlines that they had. */
  putBack(places: readonly Place<Item>[]): void {
    this.#places = [...places, ...this.#places.slice(this.#head)]
    this.#head = 0
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.size > 0) this.#expire()
  }

  /** Everybody who waits leaves, in order. */
  takeAll(): Item[] {
    const items = this.#places.slice(this.#head).map((place) => place.item)
    this.#places = []
    this.#head = 0
    this.#timer?.cancel()
    this.#timer = undefined
    return items
  }

  #compact(): void {
    this.#places = this.#places.slice(this.#head)
    this.#head = 0
  }

  #expire(): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#timer = undefined
    for (let next = this.#places[this.#head]; next !== undefined; next = this.#places[this.#head]) {
      if (next.deadlineMs > nowMs) {
        this.#timer = this.#options.clock.after(next.deadlineMs - nowMs, () => this.#expire())
        return
      }
      this.shift()
      this.#options.giveUp(next.item)
    }
  }
}

/** Somebody who waits. */
export interface Place<Item> {
  readonly item: Item
  readonly deadlineMs: number
}

const FREE_PLACES_MAX = 1024
