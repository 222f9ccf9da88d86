import type { Timer } from '@walrus/core'
import { EventQueue } from './event-queue.js'

/**
 * The time of a simulated world, in milliseconds from 0. It moves from event to event: all that is due at one moment happens, then
 * all promises that this settled go on, then comes the next moment.
 */
export class WorldTime {
  readonly #queue = new EventQueue()
  #nowMs = 0
  #order = 0

  get nowMs(): number {
    return this.#nowMs
  }

  /** Later than whatever runs now, even without a delay. Whole milliseconds: so that many things share a moment. */
  after(delayMs: number, task: () => void): Timer {
    let cancelled = false
    this.#order += 1
    const timeMs = this.#nowMs + Math.max(0, Math.ceil(delayMs))
    this.#queue.add({ timeMs, order: this.#order, task: () => cancelled || task() })
    return { cancel: () => void (cancelled = true) }
  }

  /** Lets time pass until the condition holds; false when it does not at the end. */
  async passUntil(isDone: () => boolean, milliseconds: number): Promise<boolean> {
    const endMs = this.#nowMs + milliseconds
    await settlePromises()
    while (!isDone()) {
      const next = this.#queue.next
      if (next === undefined || next.timeMs > endMs) {
        this.#nowMs = endMs
        return false
      }
      this.#nowMs = next.timeMs
      this.#happen()
      await settlePromises()
    }
    return true
  }

  async pass(milliseconds: number): Promise<void> {
    await this.passUntil(() => false, milliseconds)
  }

  /** The outcome of something that takes at most so long. */
  async settled<Value>(promise: Promise<Value>, what: string, milliseconds = 60_000): Promise<Value> {
    let settled = false
    const done = (): void => void (settled = true)
    promise.then(done, done)
    if (await this.passUntil(() => settled, milliseconds)) return await promise
    throw new Error(`${what} takes more than ${milliseconds / 1000} s`)
  }

  /** What is due at this moment, but for what is added meanwhile. */
  #happen(): void {
    const last = this.#order
    for (let next = this.#queue.next; next !== undefined; next = this.#queue.next) {
      if (next.timeMs > this.#nowMs || next.order > last) return
      this.#queue.take()
      next.task()
    }
  }
}

/** Nothing but promises waits in between, so one turn of the event loop lets all of them go on, in an order that is always the same. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
