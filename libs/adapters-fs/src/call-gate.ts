/** Counts the calls under way, so that closing can refuse new ones and wait for the rest. */
export class CallGate {
  #underWay = 0
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  get closed(): boolean {
    return this.#closing !== undefined
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    try {
      return await call()
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#onIdle?.()
    }
  }

  /** Runs `release` once, when no call is under way any more; every caller waits for it. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#idle().then(release)
    return this.#closing
  }

  async #idle(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }
}
