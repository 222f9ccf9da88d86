/** Something that collects output and writes it when it is told to. */
export interface Flushable {
  flush(): void
}

/**
 * Flushes each of its members once per turn of the event loop, after all input of that turn was handled: a write per
 * answer would cost twenty times what a write per turn does.
 */
export class FlushQueue {
  #waiting: Flushable[] = []

  /** Flushes `member` at the end of this turn. The caller adds itself once per flush. */
  add(member: Flushable): void {
    if (this.#waiting.push(member) === 1) setImmediate(() => this.#flushAll())
  }

  #flushAll(): void {
    const members = this.#waiting
    this.#waiting = []
    for (const member of members) member.flush()
  }
}
