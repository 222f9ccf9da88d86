import type { NumberedEntries } from '../leading/append-intake.js'
import type { TopicGate } from '../leading/topic-gate.js'
import type { ClusterContext } from '../node-context.js'
import type { AppendSender } from './append-sender.js'
import { ForwardBatch } from './forward-batch.js'
import type { Route } from './route.js'

export interface ForwarderOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly gate: TopicGate
  readonly sender: AppendSender
  readonly route: () => Route
}

/**
 * Takes what waits at the gate to whoever leads the topic's open segment. One group is under way at a time, and what waits
 * meanwhile goes into the next; so the order is kept. A group whose outcome is not known is sent again, unchanged, to
 * whoever leads by then, this node perhaps; what is stored already is not stored again.
 */
export class Forwarder {
  readonly #options: ForwarderOptions
  #sequence = 0
  #busy = false
  #closed = false

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  /** Appends wait, or the route has changed. */
  pump(): void {
    if (this.#busy || this.#closed || this.#options.route().kind !== 'there') return
    if (this.#options.gate.heldCount === 0) return
    this.#busy = true
    this.#options.gate.block()
    void this.#run()
  }

  /** Takes nothing any more. */
  close(): void {
    this.#closed = true
  }

  /** Never rejects: a failure goes to the appends that it concerns. */
  async #run(): Promise<void> {
    const { context, topic, gate, route } = this.#options
    // All appends of one turn of the event loop go together.
    await Promise.resolve()
    const limits = { maxEntries: context.limits.forwardEntriesMax, maxBytes: context.limits.forwardBytesMax }
    while (route().kind === 'there' && !this.#closed) {
      const held = gate.takeHeld(limits)
      if (held.length === 0) break
      const batch = new ForwardBatch(topic, context.clock, held, this.#sequence)
      this.#sequence = batch.endSequence
      await this.#deliver(batch)
    }
    this.#busy = false
    gate.unblock()
  }

  async #deliver(batch: ForwardBatch): Promise<void> {
    const { context, sender } = this.#options
    const { producerId } = context
    const { deadlineMs } = batch
    const numbered = (): NumberedEntries => {
      const { sequence, entries, whole } = batch
      return { producerId, sequence, entries, whole }
    }
    const onSent = (): void => void (batch.sent = true)
    try {
      while (!batch.isOver) {
        const answer = await sender.send(numbered, { deadlineMs, onSent })
        if (answer === undefined) return batch.expire()
        batch.succeed(answer.count, answer.firstOffset)
      }
    } catch (error) {
      batch.fail(error as Error)
    } finally {
      batch.close()
    }
  }
}
