import { RawClient } from '@walrus/testing'

/** Many connections to one port. */
export class Crowd {
  readonly #port: number
  #clients: RawClient[] = []

  constructor(port: number) {
    this.#port = port
  }

  /** Those that are open, as far as that is known, and those that were not taken out by `leave`. */
  get clients(): readonly RawClient[] {
    return this.#clients
  }

  get openCount(): number {
    return this.#clients.filter((client) => !client.closed).length
  }

  /** Opens more until there are that many; a few at a time, so that no queue of the system overflows. */
  async grow(count: number): Promise<void> {
    while (this.#clients.length < count) {
      const wanted = Math.min(AT_ONCE, count - this.#clients.length)
      this.#clients.push(...(await Promise.all(Array.from({ length: wanted }, () => RawClient.connect(this.#port)))))
    }
  }

  /** Takes out those that are closed. */
  leave(): readonly RawClient[] {
    const closed = this.#clients.filter((client) => client.closed)
    this.#clients = this.#clients.filter((client) => !client.closed)
    return closed
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.destroy()))
  }
}

const AT_ONCE = 100
