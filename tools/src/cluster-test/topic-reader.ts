import { setTimeout as delay } from 'node:timers/promises'
import { ClientError, type WalrusClient } from '@walrus/client'
import type { TestCluster } from './test-cluster.js'
import { entryName } from './topic-writer.js'

/** Takes entries at a topic's shared cursor through one node, one after the other, over a new connection after each failure. */
export class TopicReader {
  readonly taken: string[] = []
  /** GETs that the broker has answered with an error: not those that it did not answer. */
  readonly refusals: string[] = []
  readonly #cluster: TestCluster
  readonly #topic: string
  readonly #node: number
  #client: WalrusClient | undefined
  #stopped = false
  #done: Promise<void> = Promise.resolve()

  constructor(cluster: TestCluster, topic: string, node: number) {
    this.#cluster = cluster
    this.#topic = topic
    this.#node = node
  }

  /** Reads until `stop`. */
  start(): void {
    this.#done = this.#readAll()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
    this.#client?.destroy()
  }

  async #readAll(): Promise<void> {
    while (!this.#stopped) {
      const found = await this.#takeOne()
      if (!found) await delay(IDLE_MS)
    }
  }

  async #takeOne(): Promise<boolean> {
    try {
      this.#client ??= await this.#cluster.client(this.#node)
      const data = await this.#client.get(this.#topic)
      if (data !== undefined) this.taken.push(entryName(data))
      return data !== undefined
    } catch (error) {
      if (error instanceof ClientError && error.message.startsWith('ERR ')) this.refusals.push(error.message)
      this.#client?.destroy()
      this.#client = undefined
      return false
    }
  }
}

const IDLE_MS = 10
