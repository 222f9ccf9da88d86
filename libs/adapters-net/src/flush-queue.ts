/** Something that collects output and writes it when it is told to. */
export interface Flushable {
  flush(): void
}

/**
 * Flushes each of its members once, when the callback that is running and all promises behind it are through: a write per
 * answer would cost twenty times what a write per turn does, and a whole turn of the event loop more is felt by a client
 * that waits for each answer.
 */
export class FlushQueue {
  #waiting: Flushable[] = []

  /** Flushes `member` at the end of this callback. The caller adds itself once per flush. */
  add(member: Flushable): void {
    if (this.#waiting.push(member) === 1) process.nextTick(() => this.#flushAll())
  }

  #flushAll(): void {
    const members = this.#waiting
    this.#waiting = []
    for (const member of members) member.flush()
  }
}
