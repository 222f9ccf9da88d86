import { WalrusError, type Producer } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { HeldAppend } from '../held-append.js'
import type { AppendSender } from './append-sender.js'

export interface ProducerLaneOptions {
  readonly topic: string
  readonly sender: AppendSender
  /** Called with each batch that is settled. */
  readonly onSettled: (batch: HeldAppend) => void
  /** Nothing is queued or under way any more. */
  readonly onIdle: () => void
}

/** Takes the batches of one producer to one topic to whoever leads it, this node perhaps: one at a time, in order. */
export class ProducerLane {
  readonly #options: ProducerLaneOptions
  readonly #queue: { readonly batch: HeldAppend; readonly producer: Producer }[] = []
  #running = false

  constructor(options: ProducerLaneOptions) {
    this.#options = options
  }

  push(batch: HeldAppend, producer: Producer): void {
    this.#queue.push({ batch, producer })
    if (!this.#running) void this.#run()
  }

  /** Never rejects: a failure goes to the batch that it concerns. */
  async #run(): Promise<void> {
    this.#running = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#deliver(next.batch, next.producer)
    }
    this.#running = false
    this.#options.onIdle()
  }

  async #deliver(batch: HeldAppend, { id: producerId, sequence }: Producer): Promise<void> {
    const { topic, sender, onSettled } = this.#options
    const { entries, deadlineMs } = batch
    try {
      const numbered = { producerId, sequence, entries, whole: true }
      const answer = await sender.send(() => numbered, { deadlineMs })
      if (answer === undefined) batch.fail(timedOut(topic))
      else batch.succeed(answer.firstOffset ?? -1)
    } catch (error) {
      batch.fail(error as Error)
    }
    onSettled(batch)
  }
}

function timedOut(topic: string): WalrusError {
  return new WalrusError('TIMED_OUT', timedOutMessage(`append to "${topic}" had no answer`))
}
