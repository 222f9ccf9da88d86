import { freePorts, RawClient } from '@walrus/testing'
import { BrokerFixture } from './broker-fixture.js'
import type { BrokerProcess } from './broker-process.js'

/** METRICS, as far as tests look at it. */
export interface Metrics {
  readonly id: number
  readonly state: string
  readonly current_leader: number | null
  readonly last_log_index: number
  readonly last_applied: { readonly index: number } | null
  readonly snapshot: { readonly index: number } | null
  readonly purged: { readonly index: number } | null
  readonly membership_config: { readonly membership: { readonly configs: readonly (readonly number[])[] } }
}

/** Nodes of one cluster, each a process with a peer port that it keeps across restarts. All of it is gone after `dispose`. */
export class ClusterFixture {
  readonly #brokers: BrokerFixture
  readonly #raftPorts = new Map<number, number>()
  readonly #running = new Map<number, BrokerProcess>()

  private constructor(brokers: BrokerFixture) {
    this.#brokers = brokers
  }

  static async create(): Promise<ClusterFixture> {
    return new ClusterFixture(await BrokerFixture.create())
  }

  /** Starts these nodes as one cluster. */
  async startAll([first, ...others]: readonly [number, ...number[]], flags: readonly string[] = []): Promise<void> {
    await this.start(first, flags)
    const join = ['--join', await this.raftAddress(first)]
    await Promise.all(others.map((id) => this.start(id, [...join, ...flags])))
  }

  get ids(): readonly number[] {
    return [...this.#running.keys()]
  }

  /** Where the node's peers reach it, now or once it runs. */
  async raftAddress(id: number): Promise<string> {
    const port = this.#raftPorts.get(id) ?? (await freePorts(1))[0] ?? 0
    this.#raftPorts.set(id, port)
    return `127.0.0.1:${port}`
  }

  /** Starts the node, or starts it again, and resolves once it is ready. */
  async start(id: number, flags: readonly string[] = []): Promise<BrokerProcess> {
    const broker = await this.#brokers.start({ flags: [...(await this.#flagsOf(id)), ...flags] })
    this.#running.set(id, broker)
    return broker
  }

  /** Starts the node without waiting for anything. */
  async spawn(id: number, flags: readonly string[] = []): Promise<BrokerProcess> {
    return this.#brokers.spawn({ flags: ['--client-port', '0', ...(await this.#flagsOf(id)), ...flags] })
  }

  node(id: number): BrokerProcess {
    const broker = this.#running.get(id)
    if (broker === undefined) throw new Error(`node ${id} does not run`)
    return broker
  }

  async stop(id: number, signal: NodeJS.Signals): Promise<void> {
    const broker = this.node(id)
    this.#running.delete(id)
    await broker.stop(signal)
  }

  async metrics(id: number): Promise<Metrics> {
    return JSON.parse(await this.ask(id, 'METRICS')) as Metrics
  }

  /** One request on a connection of its own. */
  async ask(id: number, request: string): Promise<string> {
    const client = await RawClient.connect(this.node(id).port)
    try {
      return await client.ask(request)
    } finally {
      await client.destroy()
    }
  }

  /** The leader that a running node knows; waits for one that runs. */
  async leader(): Promise<number> {
    return this.#leaderAmong(this.ids)
  }

  /** Waits until the node shows what is wanted; mocha's timeout is the limit. */
  async whenMetrics(id: number, wanted: (metrics: Metrics) => boolean): Promise<Metrics> {
    for (;;) {
      const metrics = await this.metrics(id)
      if (wanted(metrics)) return metrics
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  dispose(): Promise<void> {
    return this.#brokers.dispose()
  }

  async #leaderAmong(ids: readonly number[]): Promise<number> {
    const [first] = ids
    if (first === undefined) throw new Error('no node runs')
    const { current_leader } = await this.whenMetrics(first, (metrics) => ids.includes(metrics.current_leader ?? 0))
    return current_leader ?? 0
  }

  async #flagsOf(id: number): Promise<readonly string[]> {
    const address = await this.raftAddress(id)
    return ['--node-id', String(id), '--raft-port', address.slice(address.lastIndexOf(':') + 1)]
  }
}
