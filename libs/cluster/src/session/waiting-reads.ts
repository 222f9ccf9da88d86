import { WalrusError, type Clock } from '@walrus/core'

/** The requests of one connection that wait for entries to come: so many at once, each for so long. */
export class WaitingReads {
  readonly #clock: Clock
  readonly #countMax: number
  readonly #endings = new Set<() => void>()
  #released = false

  constructor(clock: Clock, countMax: number) {
    this.#clock = clock
    this.#countMax = countMax
  }

  get count(): number {
    return this.#endings.size
  }

  /**
   * Resolves with true when `subscribe`'s listener is called, and with false when the time is over or everybody is released.
   * Throws `UNAVAILABLE` when too many wait.
   */
  wait(waitMs: number, subscribe: (listener: () => void) => () => void): Promise<boolean> {
    if (this.#released) return Promise.resolve(false)
    if (this.#endings.size >= this.#countMax) {
      throw new WalrusError(
        'UNAVAILABLE',
        `Cannot wait for entries: ${this.#endings.size} requests of this connection do`,
      )
    }
    return new Promise((resolve) => {
      const end = (readable: boolean): void => {
        this.#endings.delete(release)
        timer.cancel()
        unsubscribe()
        resolve(readable)
      }
      const release = (): void => end(false)
      this.#endings.add(release)
      const timer = this.#clock.after(waitMs, release)
      const unsubscribe = subscribe(() => end(true))
    })
  }

  /** Nobody waits any longer, now or later. */
  release(): void {
    this.#released = true
    for (const end of [...this.#endings]) end()
  }
}
