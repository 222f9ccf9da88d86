import { randomInt } from 'node:crypto'
import { WalrusClient } from '@walrus/client'
import type { PutEvent, Random } from '@walrus/testing'
import { randomBelow } from '@walrus/testing'
import { CALL_TIMEOUT_MS, codeOf, pause, type ClientContext, type LoadClient } from './client-context.js'

export interface BatchWriterOptions extends ClientContext {
  readonly random: Random
  /** Client ports of all nodes, its own first: where one fails, the same batch goes to the next. */
  readonly ports: () => readonly number[]
}

interface Batch {
  readonly entries: readonly string[]
  readonly sequence: number
  readonly askedMs: number
}

/**
 * Sends batches with a producer id and a sequence, one at a time, each to one node after the other until its outcome is known; and
 * now and then one that was acknowledged once more, which must not be stored again.
 */
export class BatchWriter implements LoadClient {
  readonly #options: BatchWriterOptions
  #client: WalrusClient | undefined
  #attempts = 0
  #producerId = newProducerId()
  #sequence = 0
  /** Counts producer ids: order holds within one. */
  #producers = 0
  /** All that were ever sent. */
  #entryCount = 0

  constructor(options: BatchWriterOptions) {
    this.#options = options
  }

  async run(stop: AbortSignal): Promise<void> {
    const { rate, random } = this.#options
    while (!stop.aborted) {
      const size = 1 + randomBelow(random, BATCH_ENTRIES_MAX)
      await Promise.all([this.#write(this.#nextBatch(size)), pause((1000 * size) / rate)])
    }
    this.#client?.destroy()
  }

  #nextBatch(size: number): Batch {
    const { name, recorder } = this.#options
    const entries = Array.from({ length: size }, () => `${name}:${(this.#entryCount += 1)}`)
    return { entries, sequence: this.#sequence, askedMs: recorder.now() }
  }

  async #write(batch: Batch): Promise<void> {
    const deadlineMs = batch.askedMs + DELIVERY_MS
    for (;;) {
      const answer = await this.#send(batch)
      if (answer !== undefined) return await this.#acknowledged(batch, answer.firstOffset)
      if (this.#options.recorder.now() > deadlineMs) return this.#giveUp(batch)
    }
  }

  async #acknowledged(batch: Batch, firstOffset: number | undefined): Promise<void> {
    this.#record(batch, 'acked', firstOffset)
    this.#sequence += batch.entries.length
    if (this.#options.random() < REPEATED_SHARE) await this.#send(batch)
  }

  /** It may be stored later: what follows is numbered anew. */
  #giveUp(batch: Batch): void {
    this.#record(batch, 'unknown', undefined)
    this.#producerId = newProducerId()
    this.#producers += 1
    this.#sequence = 0
  }

  #record({ entries, askedMs }: Batch, outcome: PutEvent['outcome'], firstOffset: number | undefined): void {
    const { name, topic, recorder } = this.#options
    const answeredMs = recorder.now()
    const first = this.#entryCount - entries.length + 1
    const puts = entries.map((entry, at): PutEvent => {
      const put = { entry, writer: `${name}/${this.#producers}`, sequence: first + at, outcome, askedMs, answeredMs }
      return firstOffset === undefined ? put : { ...put, offset: firstOffset + at }
    })
    recorder.put(topic, puts)
  }

  /** What the node answered; undefined, and another node is next, when the outcome is not known. */
  async #send({ entries, sequence }: Batch): Promise<{ readonly firstOffset: number | undefined } | undefined> {
    try {
      const client = (this.#client ??= await this.#connect())
      const data = entries.map((entry) => Buffer.from(entry))
      const producer = { id: this.#producerId, sequence }
      const { firstOffset } = await client.appendBatch(this.#options.topic, data, { producer })
      return { firstOffset }
    } catch (error) {
      this.#options.recorder.failed(codeOf(error))
      this.#client?.destroy()
      this.#client = undefined
      await pause(RETRY_MS)
      return undefined
    }
  }

  async #connect(): Promise<WalrusClient> {
    const ports = this.#options.ports()
    const port = ports[this.#attempts++ % ports.length] ?? 0
    return await WalrusClient.connect({ host: '127.0.0.1', port, timeoutMs: CALL_TIMEOUT_MS, reconnectMs: 0 })
  }
}

function newProducerId(): number {
  return randomInt(1, 2 ** 48 - 1)
}

const BATCH_ENTRIES_MAX = 20
const REPEATED_SHARE = 0.05
const DELIVERY_MS = 30_000
const RETRY_MS = 100
