/** Counts the calls under way, so that a close can refuse new ones and wait for the rest. */
export class CallGate {
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  get closed(): boolean {
    return this.#closing !== undefined
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    const running = call()
    this.#underWay.add(running)
    try {
      return await running
    } finally {
      this.#underWay.delete(running)
    }
  }

  /** Runs `release` once, when the calls under way are settled; every caller waits for it. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#underWay).then(release)
    return this.#closing
  }
}
