import { WalrusError, type CommitTicket, type Producer } from '@walrus/core'
import { HeldAppend } from '../held-append.js'
import type { ClusterContext } from '../node-context.js'
import type { AppendSender } from './append-sender.js'
import { ProducerLane } from './producer-lane.js'

export interface ProducerLanesOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly sender: AppendSender
}

/** The batches of a topic's producers, which number them themselves. Each producer has a lane of its own. */
export class ProducerLanes {
  readonly #options: ProducerLanesOptions
  readonly #lanes = new Map<number, ProducerLane>()
  #waitingCount = 0
  #waitingBytes = 0

  constructor(options: ProducerLanesOptions) {
    this.#options = options
  }

  /** The entries must not change until the ticket is settled. Throws `UNAVAILABLE` when too much waits. */
  append(entries: readonly Uint8Array[], producer: Producer): CommitTicket {
    const { clock, limits } = this.#options.context
    const batch = new HeldAppend(entries, clock.monotonicMs() + limits.requestTimeoutMs)
    this.#assertRoom(batch)
    this.#waitingCount += 1
    this.#waitingBytes += batch.sizeBytes
    this.#lane(producer.id).push(batch, producer)
    return batch
  }

  #lane(producerId: number): ProducerLane {
    const known = this.#lanes.get(producerId)
    if (known !== undefined) return known
    const { topic, sender } = this.#options
    const onSettled = ({ sizeBytes }: HeldAppend): void => {
      this.#waitingCount -= 1
      this.#waitingBytes -= sizeBytes
    }
    const lane = new ProducerLane({ topic, sender, onSettled, onIdle: () => this.#lanes.delete(producerId) })
    this.#lanes.set(producerId, lane)
    return lane
  }

  #assertRoom({ sizeBytes }: HeldAppend): void {
    const { context, topic } = this.#options
    const { heldBytesMax, heldEntriesMax } = context.limits
    const fits = this.#waitingCount < heldEntriesMax && this.#waitingBytes + sizeBytes <= heldBytesMax
    if (fits || this.#waitingCount === 0) return
    const waiting = `${this.#waitingCount} batches of ${this.#waitingBytes} bytes wait`
    throw new WalrusError('UNAVAILABLE', `Cannot append to "${topic}": ${waiting}`)
  }
}
