import { WalrusError, type Clock, type LogStorage, type NodeId, type Timer } from '@walrus/core'
import { ManualClock, MemoryLogStorage, MemoryPeers, SharedMetadata, type MemoryLogDisk } from '@walrus/testing'
import type { ClusterNode } from './cluster-node.js'
import { turns, type Reported } from './node-harness.test.js'
import { openNode, type NodeOptions } from './open-node.js'

export interface ClusterHarnessOptions extends Partial<NodeOptions> {
  /** What each node stores on; memory unless told. */
  readonly openStorage?: (id: NodeId, clock: Clock) => LogStorage | Promise<LogStorage>
}

/** Several nodes in one process, over disks in memory that outlive them, a network and one history of metadata. */
export class ClusterHarness {
  readonly clock = new ManualClock({ autoDefer: true })
  readonly peers = new MemoryPeers({ clock: this.clock })
  readonly metadata: SharedMetadata
  readonly nodes = new Map<NodeId, ClusterNode>()
  readonly storages = new Map<NodeId, LogStorage>()
  readonly reports: (Reported & { readonly node: NodeId })[] = []
  /** Nodes whose disk has no room. */
  readonly fullDisks = new Set<NodeId>()
  readonly #ids: readonly NodeId[]
  readonly #options: ClusterHarnessOptions
  readonly #disks = new Map<NodeId, MemoryLogDisk>()
  readonly #clocks = new Map<NodeId, StoppableClock>()
  #lives = 0

  constructor(ids: readonly NodeId[], options: ClusterHarnessOptions = {}) {
    this.#ids = ids
    this.#options = options
    this.metadata = new SharedMetadata({ clock: this.clock, voters: ids })
  }

  /** Starts all nodes, and waits until each may write. */
  async start(): Promise<ClusterNode[]> {
    const logs = this.#ids.map((id) => this.metadata.open(id))
    for (const [at, id] of this.#ids.entries()) {
      const node = { id, address: `memory:${id}`, role: 'voter', draining: false } as const
      await this.until(logs[at]!.propose({ kind: 'UpsertNode', node }))
    }
    const nodes = await this.until(Promise.all(this.#ids.map((id) => this.open(id))))
    await this.advance(300)
    return nodes
  }

  /** Starts one node over what it left. */
  async open(id: NodeId, options: Partial<NodeOptions> = {}): Promise<ClusterNode> {
    const clock = new StoppableClock(this.clock)
    this.#clocks.set(id, clock)
    const storage = await this.#openStorage(id, clock)
    this.storages.set(id, storage)
    this.#lives += 1
    const life = this.#lives
    const node = await openNode({
      nodeId: id,
      address: `memory:${id}`,
      storage,
      metadata: this.metadata.open(id),
      peers: this.peers.open(id),
      clock,
      random: () => life / 1000,
      report: (level, message, fields) => this.reports.push({ node: id, level, message, fields }),
      ...this.#options,
      ...options,
    })
    this.nodes.set(id, node)
    return node
  }

  node(id: NodeId): ClusterNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} does not run`)
    return node
  }

  /** The process dies: what is not committed is lost, and nobody is told anything. */
  kill(id: NodeId): void {
    const storage = this.storages.get(id)
    if (storage instanceof MemoryLogStorage) storage.crash()
    this.peers.at(id)?.close()
    this.metadata.kill(id)
    void this.nodes.get(id)?.close()
    this.nodes.delete(id)
  }

  async #openStorage(id: NodeId, clock: StoppableClock): Promise<LogStorage> {
    if (this.#options.openStorage !== undefined) return await this.#options.openStorage(id, clock)
    const disk = this.#disks.get(id) ?? new Map()
    this.#disks.set(id, disk)
    return new MemoryLogStorage(disk, {
      wallMs: () => clock.wallMs(),
      commit: async () => {
        await clock.turn()
        if (this.fullDisks.has(id)) throw new WalrusError('DISK_FULL', `Cannot write on node ${id}: no space left`)
      },
    })
  }

  /** The process of the node is stopped (SIGSTOP): it hears nothing, does nothing, and does not know it. */
  stop(id: NodeId): void {
    this.peers.pause(id)
    this.metadata.cut(id)
    this.#clocks.get(id)?.stop()
  }

  /** The process goes on: whatever came meanwhile is there, and its timers are late. */
  resume(id: NodeId): void {
    this.#clocks.get(id)?.resume()
    this.peers.resume(id)
    this.metadata.heal()
  }

  /** Nobody hears the node, and it hears nobody. */
  isolate(id: NodeId): void {
    this.peers.isolate(id)
    this.metadata.cut(id)
  }

  heal(): void {
    this.peers.heal()
    this.metadata.heal()
  }

  /** Time passes, in small steps, and everything happens that does not wait for more of it. */
  async advance(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += STEP_MS) {
      this.clock.advance(STEP_MS)
      await turns(TURNS_PER_STEP)
    }
  }

  /** Lets time pass until the promise is settled, at most a minute. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let settled = false
    const done = (): void => void (settled = true)
    promise.then(done, done)
    for (let step = 0; !settled && step < 60_000 / STEP_MS; step += 1) {
      await turns(TURNS_PER_STEP)
      if (!settled) this.clock.advance(STEP_MS)
    }
    if (!settled) throw new Error('it has taken more than a minute')
    return await promise
  }

  async close(): Promise<void> {
    await this.until(Promise.all([...this.nodes.values()].map((node) => node.close())))
  }

  /** Who leads the topic's open segment, as the cluster has decided. */
  leaderOf(topic: string): NodeId {
    const state = [...this.nodes.keys()].map((id) => this.metadata.stateOf(id))
    state.sort((left, right) => right.version - left.version)
    const leader = state[0]?.topics.get(topic)?.segments.at(-1)?.leader
    if (leader === undefined) throw new Error(`nobody leads ${topic}`)
    return leader
  }
}

/** The clock of one process: while that is stopped, its tasks wait. */
export class StoppableClock implements Clock {
  readonly #clock: Clock
  #waiting: (() => void)[] | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  stop(): void {
    this.#waiting ??= []
  }

  resume(): void {
    const tasks = this.#waiting ?? []
    this.#waiting = undefined
    for (const task of tasks) task()
  }

  /** Resolves in the next turn of the event loop in which the process runs. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => this.#run(resolve)))
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  defer(task: () => void): void {
    this.#clock.defer(() => this.#run(task))
  }

  after(milliseconds: number, task: () => void): Timer {
    let cancelled = false
    const timer = this.#clock.after(milliseconds, () => this.#run(() => cancelled || task()))
    return {
      cancel: () => {
        cancelled = true
        timer.cancel()
      },
    }
  }

  #run(task: () => void): void {
    if (this.#waiting === undefined) task()
    else this.#waiting.push(task)
  }
}

const STEP_MS = 10
const TURNS_PER_STEP = 6
