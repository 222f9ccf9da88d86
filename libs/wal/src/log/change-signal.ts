/** Lets calls wait until something is so. */
export class ChangeSignal {
  #waiting: (() => void)[] = []

  /** Resolves when the condition holds: it is looked at now, and whenever a change is announced. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (condition()) resolve()
        else this.#waiting.push(check)
      }
      check()
    })
  }

  announce(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const check of waiting) check()
  }
}
