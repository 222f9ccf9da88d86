import type { Clock } from '@walrus/core'

/** Something that changes now and then, and those who wait for it. */
export class ChangeSignal {
  readonly #listeners = new Set<() => void>()

  /** Everybody who waits now is called once. */
  fire(): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }

  /** Calls back at the next change, unless the function that it returns is called before. */
  once(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves at the next change, or after about that many milliseconds. */
  next(clock: Clock, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const forget = this.once(() => {
        timer.cancel()
        resolve()
      })
      const timer = clock.after(timeoutMs, () => {
        forget()
        resolve()
      })
    })
  }
}
