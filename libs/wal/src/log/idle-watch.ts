/** Lets others wait until something is no longer under way; whoever ends it announces that. */
export class IdleWatch {
  #listeners: (() => void)[] = []

  /** Resolves once `isIdle` is true, looking now and after each announcement. */
  until(isIdle: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (isIdle()) resolve()
        else this.#listeners.push(check)
      }
      check()
    })
  }

  announce(): void {
    if (this.#listeners.length === 0) return
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }
}
