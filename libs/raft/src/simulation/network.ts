import { type Message } from '../core/message.js'
import { type NodeId } from '../core/types.js'
import { type RandomStream } from './random.js'

/** Messages on their way, in no order, and the links that let nothing through. Links are one-way. */
export class Network {
  readonly #messages: Message[] = []
  readonly #cutLinks = new Set<string>()

  get size(): number {
    return this.#messages.length
  }

  send(message: Message): void {
    this.#messages.push(message)
  }

  /** Takes any message out. Undefined: there is none. */
  takeAny(random: RandomStream): Message | undefined {
    if (this.#messages.length === 0) return undefined
    const at = random.integer(this.#messages.length)
    const message = this.#messages[at]
    const last = this.#messages.pop()
    if (at < this.#messages.length && last !== undefined) this.#messages[at] = last
    return message
  }

  /** Takes all messages out, in the order in which they were sent. */
  takeAll(): readonly Message[] {
    return this.#messages.splice(0)
  }

  get isCut(): boolean {
    return this.#cutLinks.size > 0
  }

  lets({ from, to }: Message): boolean {
    return !this.#cutLinks.has(`${from}>${to}`)
  }

  /** Cuts `side` off from the others: in both directions, or only one. */
  cut(all: readonly NodeId[], side: ReadonlySet<NodeId>, directions: 'both' | 'out' | 'in'): void {
    for (const one of all) {
      for (const other of all) {
        if (!side.has(one) || side.has(other)) continue
        if (directions !== 'in') this.#cutLinks.add(`${one}>${other}`)
        if (directions !== 'out') this.#cutLinks.add(`${other}>${one}`)
      }
    }
  }

  heal(): void {
    this.#cutLinks.clear()
  }
}
