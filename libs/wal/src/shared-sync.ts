/** Syncs that are asked for while one is under way share the next. */
export class SharedSync {
  readonly #sync: () => Promise<void>
  #current: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(sync: () => Promise<void>) {
    this.#sync = sync
  }

  /** Resolves when a sync is done that began after this call. */
  request(): Promise<void> {
    if (this.#next) return this.#next
    if (!this.#current) return this.#start()
    const start = (): Promise<void> => this.#start()
    this.#next = this.#current.then(start, start)
    return this.#next
  }

  #start(): Promise<void> {
    this.#next = undefined
    this.#current = this.#sync().finally(() => (this.#current = undefined))
    return this.#current
  }
}
