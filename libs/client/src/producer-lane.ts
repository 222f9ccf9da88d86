import { performance } from 'node:perf_hooks'
import type { AppendReply, BinaryRequestOf } from '@walrus/protocol'
import { backOff } from './backoff.js'
import { mayPass } from './binary-exchange.js'

export interface ProducerLimits {
  readonly batchEntriesMax: number
  readonly batchBytesMax: number
  readonly deliveryMs: number
}

export interface ProducerLaneOptions {
  readonly topic: string
  readonly send: (request: BinaryRequestOf<'append'>) => Promise<AppendReply>
  readonly limits: ProducerLimits
  readonly newId: () => number
}

/** What a producer sends to one topic: one batch at a time, in order, each until its outcome is known. */
export class ProducerLane {
  readonly #options: ProducerLaneOptions
  #queue: Waiting[] = []
  /** Those before it are sent. */
  #head = 0
  /** Of the sequence that counts on; another one after a batch that failed. */
  #producerId: number
  #sequence = 0
  #running: Promise<void> | undefined

  constructor(options: ProducerLaneOptions) {
    this.#options = options
    this.#producerId = options.newId()
  }

  /** Resolves with the entry's offset, undefined when it is stored and nobody knows where. */
  append(data: Uint8Array): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ data, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Never rejects. Begins after this turn: what is appended in it goes together. */
  async #run(): Promise<void> {
    await Promise.resolve()
    while (this.#head < this.#queue.length) await this.#deliver(this.#takeBatch())
    this.#running = undefined
  }

  #takeBatch(): readonly Waiting[] {
    const { batchEntriesMax, batchBytesMax } = this.#options.limits
    const start = this.#head
    let bytes = 0
    for (; this.#head < this.#queue.length; this.#head += 1) {
      bytes += this.#queue[this.#head]?.data.length ?? 0
      const count = this.#head - start
      if (count > 0 && (count === batchEntriesMax || bytes > batchBytesMax)) break
    }
    const batch = this.#queue.slice(start, this.#head)
    this.#forgetSent()
    return batch
  }

  #forgetSent(): void {
    if (this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  async #deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      const { firstOffset } = await this.#sendUntilKnown(batch.map(({ data }) => data))
      this.#sequence += batch.length
      for (const [at, { resolve }] of batch.entries()) resolve(firstOffset === undefined ? undefined : firstOffset + at)
    } catch (error) {
      this.#startSequence()
      for (const { reject } of batch) reject(error)
    }
  }

  async #sendUntilKnown(entries: readonly Uint8Array[]): Promise<AppendReply> {
    const { topic, send, limits } = this.#options
    const producer = { id: this.#producerId, sequence: this.#sequence }
    const deadlineMs = performance.now() + limits.deliveryMs
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send({ command: 'append', topic, producer, entries })
      } catch (error) {
        if (!mayPass(error) || performance.now() >= deadlineMs) throw error
        await backOff(attempt)
      }
    }
  }

  /** An attempt of the batch that failed may have been stored: the old sequence cannot count on. */
  #startSequence(): void {
    this.#producerId = this.#options.newId()
    this.#sequence = 0
  }
}

interface Waiting {
  readonly data: Uint8Array
  readonly resolve: (offset: number | undefined) => void
  readonly reject: (error: unknown) => void
}
