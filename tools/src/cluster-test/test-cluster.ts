import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WalrusClient } from '@walrus/client'
import { freePorts } from '@walrus/testing'
import { LocalNode } from '../cluster/local-node.js'
import { NodeLinks } from './node-links.js'
import { until } from './until.js'

export interface TestClusterOptions {
  readonly nodeCount: number
  /** Further flags, for every broker. */
  readonly flags?: readonly string[]
  /** Further flags of one broker, asked for at each start. */
  readonly nodeFlags?: (id: number) => readonly string[]
  /** The nodes talk through links that can be cut. */
  readonly linked?: boolean
  /** The nodes say for how long their event loops stand still. */
  readonly watchLoops?: boolean
  /** How many nodes may come later; only linked ones need to be told of. */
  readonly spareCount?: number
  /** Each node appends its steps of the protocol to `node-<id>.jsonl` in this folder. */
  readonly traceFolder?: string
  /** Lines of the nodes' logs go here. */
  readonly onLine?: (id: number, line: string) => void
  /** Hears of each process when it begins, and when it has ended. */
  readonly onProcess?: (pid: number, running: boolean) => void
}

/** A cluster of real brokers in a directory of its own, on free ports, gone without a trace at the end. */
export class TestCluster {
  readonly #options: TestClusterOptions
  /** Where the nodes store. */
  readonly folder: string
  readonly #nodes = new Map<number, LocalNode>()
  readonly #addresses = new Map<number, string>()
  readonly #clients = new Set<WalrusClient>()
  readonly #loopStallMs = new Map<number, number>()
  readonly links = new NodeLinks()
  #newestId = 0

  private constructor(options: TestClusterOptions, folder: string) {
    this.#options = options
    this.folder = folder
  }

  /** Resolves once all nodes are ready and know each other. */
  static async start(options: TestClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options, await mkdtemp(join(tmpdir(), 'walrus-cluster-')))
    try {
      if (options.linked === true) await cluster.links.open(range(options.nodeCount + (options.spareCount ?? 0)))
      for (const id of range(options.nodeCount)) await cluster.#place(id)
      await Promise.all(cluster.nodes.map((node) => node.start()))
      await cluster.whenComplete()
    } catch (error) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  get nodes(): readonly LocalNode[] {
    return [...this.#nodes.values()]
  }

  get liveNodes(): readonly LocalNode[] {
    return this.nodes.filter((node) => node.running)
  }

  node(id: number): LocalNode {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`There is no node ${id}`)
    return node
  }

  /** A further node joins; resolves once it is ready and all know it. */
  async add(): Promise<LocalNode> {
    const node = await this.place()
    await node.start()
    await this.whenComplete()
    return node
  }

  /** A further node, which is not started; its id is one that no node had before. */
  async place(): Promise<LocalNode> {
    return await this.#place(this.#newestId + 1)
  }

  /** What is known of a node that was removed from the cluster; its process must have ended. */
  forget(id: number): void {
    this.#nodes.delete(id)
    this.#addresses.delete(id)
  }

  /** A client of that node, which ends with the cluster. */
  async client(id: number, timeoutMs = 10_000): Promise<WalrusClient> {
    const client = await WalrusClient.connect({ host: '127.0.0.1', port: this.node(id).options.clientPort, timeoutMs })
    this.#clients.add(client)
    return client
  }

  /** One call to a node, over a connection of its own. */
  async ask<Answer>(id: number, call: (client: WalrusClient) => Promise<Answer>): Promise<Answer> {
    const client = await this.client(id)
    try {
      return await call(client)
    } finally {
      this.#clients.delete(client)
      client.destroy()
    }
  }

  /** Resolves once every live node sees all nodes as voters, and the same leader. */
  async whenComplete(timeoutMs = 60_000): Promise<void> {
    const ids = [...this.#nodes.keys()]
    const complete = async () => {
      const views = await Promise.all(this.liveNodes.map(({ id }) => this.metrics(id)))
      const leaders = new Set(views.map((view) => view.current_leader))
      const voters = views.map((view) => view.membership_config.membership.configs)
      return leaders.size === 1 && !leaders.has(null) && voters.every((configs) => hasAll(configs, ids))
    }
    await until('all nodes see each other as voters', complete, timeoutMs)
  }

  /** For how long the event loop of each node stood still at most, in milliseconds, since the last call. */
  takeLoopStalls(): ReadonlyMap<number, number> {
    const stalls = new Map(this.#loopStallMs)
    this.#loopStallMs.clear()
    return stalls
  }

  async metrics(id: number): Promise<NodeMetrics> {
    return JSON.parse(await this.ask(id, (client) => client.metrics())) as NodeMetrics
  }

  async state(topic: string, id = this.liveNodes[0]?.id ?? 1): Promise<TopicState> {
    return JSON.parse(await this.ask(id, (client) => client.state(topic))) as TopicState
  }

  /** Ends all nodes as an operator does, and by force those that are not gone in time; rejects when one ends badly. */
  async stopAll(): Promise<void> {
    const exits = await Promise.all(this.liveNodes.map((node) => node.stop('SIGTERM')))
    const bad = exits.find(({ code }) => code !== 0)
    if (bad !== undefined) throw new Error(`A node ended with ${bad.signal ?? bad.code} instead of 0`)
  }

  async startAll(): Promise<void> {
    await Promise.all(this.nodes.filter((node) => !node.running).map((node) => node.start()))
    await this.whenComplete()
  }

  /** Ends everything at once; what was stored stays. */
  async kill(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await Promise.all(this.nodes.map((node) => node.stop('SIGKILL')))
    await this.links.close()
  }

  /** Ends everything at once and removes what was stored. */
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #place(id: number): Promise<LocalNode> {
    this.#newestId = Math.max(this.#newestId, id)
    const [clientPort = 0, raftPort = 0] = await freePorts(2)
    const address = `127.0.0.1:${raftPort}`
    this.links.place(id, address)
    this.#addresses.set(id, address)
    const { flags = [], nodeFlags = () => [], watchLoops = false, onProcess } = this.#options
    const node = new LocalNode({
      id,
      dataDir: this.folder,
      clientPort,
      raftPort,
      // All addresses are known only when all are placed, and a node that joins later makes its own known.
      flags: () => [...flags, ...nodeFlags(id), ...this.#redirectFlags(id), ...this.#traceFlags(id)],
      ...(id > 1 && { join: () => this.#joinAddress(id) }),
      ...(watchLoops && { variables: { NODE_OPTIONS: `--import=${WATCH_EVENT_LOOP}` } }),
      ...(onProcess && { onProcess }),
      onLine: (line) => this.#hear(id, line),
    })
    this.#nodes.set(id, node)
    return node
  }

  #hear(id: number, line: string): void {
    const stallMs = Number(/^event loop stalled (\d+) ms$/.exec(line)?.[1] ?? Number.NaN)
    if (Number.isNaN(stallMs)) return this.#options.onLine?.(id, line)
    this.#loopStallMs.set(id, Math.max(this.#loopStallMs.get(id) ?? 0, stallMs))
  }

  /** All that are there, whoever lives of them. */
  #joinAddress(id: number): string {
    const linked = this.links.addressesFor(id)
    const others = [...this.#addresses].filter(([other]) => other !== id)
    return others.map(([other, address]) => linked.get(other) ?? address).join(',')
  }

  #traceFlags(id: number): readonly string[] {
    const { traceFolder } = this.#options
    return traceFolder === undefined ? [] : ['--trace', join(traceFolder, `node-${id}.jsonl`)]
  }

  #redirectFlags(id: number): readonly string[] {
    const addresses = [...this.links.addressesFor(id)].map(([other, address]) => `${other}=${address}`)
    return addresses.length === 0 ? [] : ['--peer-addresses', addresses.join(',')]
  }
}

/** The part of METRICS that tests look at. */
export interface NodeMetrics {
  readonly current_leader: number | null
  readonly current_term: number
  readonly last_applied: LogPlace | null
  readonly snapshot: LogPlace | null
  readonly purged: LogPlace | null
  readonly state: string
  readonly membership_config: { readonly membership: { readonly configs: readonly (readonly number[])[] } }
}

interface LogPlace {
  readonly index: number
}

/** The part of STATE that tests look at. */
export interface TopicState {
  readonly current_segment: number
  readonly leader_node: number
  readonly sealed_segments: Readonly<Record<string, number>>
  readonly segment_leaders: Readonly<Record<string, number>>
  readonly current_segment_state: string
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1)
}

function hasAll(configs: readonly (readonly number[])[], ids: readonly number[]): boolean {
  return configs.length === 1 && ids.every((id) => configs[0]?.includes(id) === true)
}

const WATCH_EVENT_LOOP = new URL('../../bin/watch-event-loop.js', import.meta.url).href
