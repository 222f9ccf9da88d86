import type { Clock } from '@walrus/core'

/** Something that changes now and then, and those who wait for it. */
export class ChangeSignal {
  /** Undefined while nobody waits. */
  #listeners: Set<() => void> | undefined

  /** Everybody who waits now is called once. */
  fire(): void {
    const listeners = this.#listeners
    this.#listeners = undefined
    for (const listener of listeners ?? []) listener()
  }

  /** Calls back at the next change, unless the function that it returns is called before. */
  once(listener: () => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => void listeners.delete(listener)
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
