/** Everything that was opened and must be closed, the last one first. */
export class Lifetime {
  #closings: (() => Promise<void>)[] = []

  /** Takes charge of what was just opened. */
  owns<Opened>(opened: Opened, close: (opened: Opened) => Promise<void>): Opened {
    this.#closings.push(() => close(opened))
    return opened
  }

  /** Closes everything; a failure does not keep the others open, and the first one is thrown at the end. Idempotent. */
  async end(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#closings.splice(0).reverse())
      await close().catch((thrown: unknown) => failures.push(thrown))
    if (failures.length > 0) throw failures[0]
  }
}
