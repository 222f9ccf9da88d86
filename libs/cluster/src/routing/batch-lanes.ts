import { WalrusError, type CommitTicket, type Producer } from '@walrus/core'
import { BatchLane, type BatchLaneOptions } from './batch-lane.js'
import { BatchTicket } from './batch-ticket.js'

export type BatchLanesOptions = Omit<BatchLaneOptions, 'newId' | 'onSettled' | 'onIdle'>

/**
 * The batches of a topic that cannot go straight into its open segment: those of producers, which must not be stored twice, and
 * those that came while the segment was being replaced, or is led elsewhere. Each producer has a lane of its own.
 */
export class BatchLanes {
  readonly #options: BatchLanesOptions
  readonly #producers = new Map<number, BatchLane>()
  readonly #nobody: BatchLane
  #idCount = 0
  #waitingCount = 0
  #waitingBytes = 0

  constructor(options: BatchLanesOptions) {
    this.#options = options
    this.#nobody = this.#open(() => undefined)
  }

  /** No batch without a producer waits: the next one may go straight on. */
  get isClear(): boolean {
    return this.#nobody.idle
  }

  /** The entries must not change until the ticket is settled. Throws `UNAVAILABLE` when too much waits. */
  append(entries: readonly Uint8Array[], producer: Producer | undefined): CommitTicket {
    const { clock, limits } = this.#options.context
    const ticket = new BatchTicket(entries, clock.monotonicMs() + limits.requestTimeoutMs)
    this.#assertRoom(ticket)
    this.#waitingCount += 1
    this.#waitingBytes += ticket.sizeBytes
    this.#lane(producer?.id).push(ticket, producer)
    return ticket
  }

  /** Whoever waits fails with `error`. */
  close(error: WalrusError): void {
    this.#nobody.close(error)
    for (const lane of this.#producers.values()) lane.close(error)
  }

  #lane(producerId: number | undefined): BatchLane {
    if (producerId === undefined) return this.#nobody
    const known = this.#producers.get(producerId)
    if (known !== undefined) return known
    const lane = this.#open(() => this.#producers.delete(producerId))
    this.#producers.set(producerId, lane)
    return lane
  }

  #open(onIdle: () => void): BatchLane {
    const onSettled = ({ sizeBytes }: BatchTicket): void => {
      this.#waitingCount -= 1
      this.#waitingBytes -= sizeBytes
    }
    return new BatchLane({ ...this.#options, newId: () => this.#newId(), onSettled, onIdle })
  }

  #assertRoom({ sizeBytes }: BatchTicket): void {
    const { context, topic } = this.#options
    const { heldBytesMax, heldEntriesMax } = context.limits
    const fits = this.#waitingCount < heldEntriesMax && this.#waitingBytes + sizeBytes <= heldBytesMax
    if (fits || this.#waitingCount === 0) return
    const waiting = `${this.#waitingCount} batches of ${this.#waitingBytes} bytes wait`
    throw new WalrusError('UNAVAILABLE', `Cannot append to "${topic}": ${waiting}`)
  }

  /** This life of the node has an id of its own, which its forwarder uses; those behind it are for batches. */
  #newId(): number {
    this.#idCount += 1
    return 1 + ((this.#options.context.producerId + this.#idCount) % (Number.MAX_SAFE_INTEGER - 1))
  }
}
