import { setTimeout as delay } from 'node:timers/promises'
import { ClientError, type WalrusClient } from '@walrus/client'
import type { PutEvent } from '@walrus/testing'
import type { TestCluster } from './test-cluster.js'

export interface TopicWriterOptions {
  readonly cluster: TestCluster
  readonly topic: string
  readonly name: string
  /** Bytes of each entry; what its name leaves over is filled up. */
  readonly entryBytes?: number
  /** Nodes it may write through, tried in turn after a failure; any live one unless told. */
  readonly nodes?: readonly number[]
}

/**
 * Writes one entry after the other, over one connection as long as it holds, and remembers what became of each. After a failure
 * it goes on with the next entry, over a new connection: that is a new writer as far as order is concerned.
 */
export class TopicWriter {
  readonly puts: PutEvent[] = []
  /** PUTs that the broker has answered with an error: not those that it did not answer. */
  readonly refusals: string[] = []
  readonly #options: TopicWriterOptions
  #client: WalrusClient | undefined
  #connections = 0
  #sequence = 0
  #stopped = false
  #done: Promise<void> = Promise.resolve()
  /** Of each acknowledged PUT, in milliseconds. */
  readonly latenciesMs: number[] = []
  #lastAckMs = performance.now()
  /** The longest time between two acknowledgements, in milliseconds. */
  longestPauseMs = 0

  constructor(options: TopicWriterOptions) {
    this.#options = options
  }

  get ackedCount(): number {
    return this.puts.reduce((sum, { outcome }) => sum + (outcome === 'acked' ? 1 : 0), 0)
  }

  /** Writes until `stop`. */
  start(): void {
    this.#lastAckMs = performance.now()
    this.#done = this.#writeAll()
  }

  /** The longest time between two acknowledgements since this was asked last, in milliseconds. */
  takeLongestPauseMs(): number {
    const pauseMs = this.longestPauseMs
    this.longestPauseMs = 0
    return pauseMs
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
    this.#client?.destroy()
  }

  /** Writes that many entries that are acknowledged. Rejects when one is not within `patienceMs`. */
  async write(count: number, patienceMs = 30_000): Promise<void> {
    for (let acked = 0; acked < count;) {
      const endMs = performance.now() + patienceMs
      while (!(await this.#putOne())) {
        if (performance.now() > endMs) throw new Error(`No entry was acknowledged within ${patienceMs} ms`)
      }
      acked += 1
    }
  }

  async #writeAll(): Promise<void> {
    while (!this.#stopped) await this.#putOne()
  }

  async #putOne(): Promise<boolean> {
    const client = await this.#connected()
    if (client === undefined) return false
    const put = this.#nextPut()
    const startMs = performance.now()
    try {
      await client.put(this.#options.topic, padded(put.entry, this.#options.entryBytes ?? 0))
    } catch (error) {
      this.puts.push({ ...put, outcome: wasSent(error) ? 'unknown' : 'refused' })
      if (isAnswer(error)) this.refusals.push(error.message)
      this.#disconnect()
      return false
    }
    this.#acknowledged(put, startMs)
    return true
  }

  #acknowledged(put: Omit<PutEvent, 'outcome'>, startMs: number): void {
    const nowMs = performance.now()
    this.puts.push({ ...put, outcome: 'acked' })
    this.latenciesMs.push(nowMs - startMs)
    this.longestPauseMs = Math.max(this.longestPauseMs, nowMs - this.#lastAckMs)
    this.#lastAckMs = nowMs
  }

  #nextPut(): Omit<PutEvent, 'outcome'> {
    const sequence = (this.#sequence += 1)
    const writer = `${this.#options.name}/${this.#connections}`
    return { entry: `${this.#options.topic}:${this.#options.name}-${sequence}`, writer, sequence }
  }

  async #connected(): Promise<WalrusClient | undefined> {
    if (this.#client !== undefined) return this.#client
    const { cluster, nodes } = this.#options
    const candidates = nodes ?? cluster.liveNodes.map(({ id }) => id)
    const id = candidates[this.#connections % Math.max(1, candidates.length)]
    this.#connections += 1
    try {
      if (id === undefined) throw new Error('no node lives')
      this.#client = await cluster.client(id)
    } catch {
      await delay(RETRY_MS)
    }
    return this.#client
  }

  #disconnect(): void {
    this.#client?.destroy()
    this.#client = undefined
  }
}

/** The entry's name, which the padding behind it leaves readable. */
export function entryName(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1').trimEnd()
}

function padded(name: string, bytes: number): string {
  return name.padEnd(bytes)
}

/** What was refused before it was sent cannot be stored. What the broker refused may be, if the refusal came late. */
function wasSent(error: unknown): boolean {
  return !(error instanceof ClientError && NOT_SENT.has(error.code))
}

function isAnswer(error: unknown): error is ClientError {
  return error instanceof ClientError && error.message.startsWith('ERR ')
}

const NOT_SENT = new Set(['CANNOT_CONNECT', 'INVALID_ARGUMENT', 'UNKNOWN_TOPIC'])
const RETRY_MS = 50
