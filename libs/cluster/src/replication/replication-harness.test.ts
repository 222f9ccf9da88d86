import {
  DEFAULT_TOPIC_CONFIG,
  endPosition,
  lastSegment,
  placeNextSegment,
  segmentById,
  WalrusError,
  type AckPolicy,
  type Clock,
  type CommitTicket,
  type LogStorage,
  type MetadataLog,
  type NodeId,
  type SegmentMetadata,
  type TopicMetadata,
} from '@walrus/core'
import {
  ManualClock,
  MemoryLogStorage,
  MemoryPeers,
  SharedMetadata,
  type MemoryLogDisk,
  type MemoryPeer,
} from '@walrus/testing'
import type { LivenessView } from '../liveness/liveness-view.js'
import { DEFAULT_NODE_LIMITS, type NodeContext, type NodeLimits } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { ClusterReplication } from './cluster-replication.js'

export interface ClusterOptions {
  readonly nodes?: number
  /** What each node stores on; memory unless told. */
  readonly disk?: (id: NodeId) => TestDisk
  readonly limits?: Partial<NodeLimits>
}

/** What outlives a node. */
export interface TestDisk {
  /** The storage over what the last one left; its commits do first what `beforeCommit` does, and fail as it does. */
  open(clock: Clock, beforeCommit: () => Promise<void>): LogStorage | Promise<LogStorage>
  /** The node dies: what it has not committed is lost. */
  crash(): void
}

/** One line that a node reported. */
export interface Reported {
  readonly node: NodeId
  readonly level: string
  readonly message: string
  readonly reason: string
}

/** Several nodes with replication and nothing else, over disks, links and metadata that a test breaks. Time moves by `run` only. */
export class TestCluster {
  readonly clock = new ManualClock({ autoDefer: true })
  readonly peers = new MemoryPeers({ clock: this.clock })
  readonly metadata: SharedMetadata
  readonly limits: NodeLimits
  readonly reports: Reported[] = []
  readonly ids: readonly NodeId[]
  readonly #disks = new Map<NodeId, TestDisk>()
  readonly #newDisk: (id: NodeId) => TestDisk
  readonly #nodes = new Map<NodeId, TestNode>()
  readonly #contacts = new Map<string, number>()

  constructor({ nodes = 3, limits = {}, disk = () => new MemoryTestDisk() }: ClusterOptions = {}) {
    this.#newDisk = disk
    this.ids = Array.from({ length: nodes }, (_, at) => at + 1)
    this.metadata = new SharedMetadata({ clock: this.clock, voters: this.ids })
    this.limits = { ...DEFAULT_NODE_LIMITS, ...limits }
  }

  /** Starts all nodes, and creates the topic, led by node 1 and copied to all. */
  async start(topic: string, ack: AckPolicy = 'quorum', replicas: readonly NodeId[] = this.ids): Promise<void> {
    for (const id of this.ids) this.open(id)
    const { metadata } = this.node(1)
    for (const id of this.ids) {
      const node = { id, address: `127.0.0.1:${6000 + id}`, role: 'voter', draining: false } as const
      await metadata.propose({ kind: 'UpsertNode', node })
    }
    await this.createTopic(topic, ack, replicas)
  }

  async createTopic(topic: string, ack: AckPolicy, replicas: readonly NodeId[]): Promise<void> {
    const config = { ...DEFAULT_TOPIC_CONFIG, ack, replicationFactor: replicas.length }
    const [leader] = replicas
    await this.node(1).metadata.propose({ kind: 'CreateTopic', topic, config, leader: leader!, replicas })
    await this.run(20)
  }

  open(id: NodeId): TestNode {
    const disk = this.#disks.get(id) ?? this.#newDisk(id)
    this.#disks.set(id, disk)
    this.#noteContacts()
    const node = new TestNode(this, id, disk)
    this.#nodes.set(id, node)
    node.start()
    return node
  }

  node(id: NodeId): TestNode {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} does not run`)
    return node
  }

  /** The process dies: what is not committed is lost. */
  crash(id: NodeId): void {
    this.#nodes.get(id)?.crash()
    this.#nodes.delete(id)
  }

  isUp(id: NodeId): boolean {
    return this.#nodes.has(id)
  }

  get running(): readonly TestNode[] {
    return [...this.#nodes.values()].filter((node) => node.isOpen)
  }

  /** Cuts the node from all others, of metadata too. */
  isolate(id: NodeId): void {
    this.peers.isolate(id)
    this.metadata.cut(id)
  }

  heal(): void {
    this.peers.heal()
    this.metadata.heal()
  }

  /** Lets so much time pass, and everything that happens in it. */
  async run(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += STEP_MS) {
      this.clock.advance(STEP_MS)
      this.#noteContacts()
      await turns(12)
    }
  }

  /** Resolves when so much time has passed. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(milliseconds, resolve))
  }

  /** Lets time pass until the condition holds; fails when it does not for long. */
  async until(condition: () => boolean, what = 'the condition'): Promise<void> {
    for (let passed = 0; !condition(); passed += STEP_MS) {
      if (passed > 60_000) throw new Error(`${what} did not come to hold: ${JSON.stringify(this.reports.slice(-5))}`)
      await this.run(STEP_MS)
    }
  }

  /** What the newest metadata says of the topic's last segment. */
  last(topic: string): SegmentMetadata {
    return lastSegment(this.topic(topic))
  }

  topic(name: string): TopicMetadata {
    const states = this.running.map((node) => node.metadata.state).sort((left, right) => right.version - left.version)
    const topic = states[0]?.topics.get(name)
    if (topic === undefined) throw new Error(`there is no topic ${name}`)
    return topic
  }

  /** The node that leads the topic, and has opened its segment. */
  leader(topic: string): TestNode | undefined {
    return this.running.find((node) => node.isLeading(topic, this.last(topic).id))
  }

  async leaderOf(topic: string): Promise<TestNode> {
    await this.until(() => this.leader(topic) !== undefined, `that "${topic}" has a leader`)
    return this.leader(topic)!
  }

  /** The leader of a segment behind this one. */
  async leaderAfter(topic: string, segment: number): Promise<TestNode> {
    await this.until(() => this.last(topic).id > segment, `that segment ${segment} of "${topic}" is sealed`)
    return await this.leaderOf(topic)
  }

  /** Ends the open segment as its leader does: again and again, until it has, or another one leads. */
  async roll(topic: string): Promise<void> {
    const node = await this.leaderOf(topic)
    const { segment } = node.segment(topic)
    while (this.last(topic).id === segment) {
      await this.settled((await this.leaderOf(topic)).roll(topic).catch(() => this.wait(50)))
    }
  }

  /** The outcome of something that needs time to pass. */
  async settled<Value>(promise: Promise<Value>): Promise<Value> {
    let done = false
    const mark = (): void => void (done = true)
    promise.then(mark, mark)
    await this.until(() => done, 'a call')
    return await promise
  }

  /** Every sealed entry of the topic as node `id` has it, in the order of offsets. */
  async stored(topic: string, id: NodeId): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = []
    for (const segment of this.topic(topic).segments) {
      const log = this.node(id).storage.segment({ topic, segment: segment.id })
      const entries = (await log?.read(0, { maxEntries: 1e6, maxBytes: 1e9 })) ?? []
      for (const entry of entries) found[entry.offset] = new TextDecoder().decode(entry.data)
    }
    return found
  }

  /** Every sealed segment is whole on each of its replicas that runs, and its end recorded. */
  isWhole(topic: string): boolean {
    return this.topic(topic).segments.every(
      (segment) => segment.state !== 'sealed' || this.running.every((node) => node.isWhole(topic, segment)),
    )
  }

  async close(): Promise<void> {
    for (const node of this.running) node.crash()
    await turns(5)
  }

  silentMs(from: NodeId, to: NodeId): number {
    return from === to ? 0 : this.clock.monotonicMs() - (this.#contacts.get(`${from}>${to}`) ?? 0)
  }

  /** A node hears another one while both run and the links between them are whole. */
  #noteContacts(): void {
    for (const from of this.ids) {
      for (const to of this.ids) {
        const linked = !this.peers.isCut(from, to) && !this.peers.isCut(to, from)
        if (linked && this.isUp(from) && this.isUp(to)) this.#contacts.set(`${from}>${to}`, this.clock.monotonicMs())
      }
    }
  }
}

/** One node: it leads what metadata gives it, as a node does that knows no lease. */
export class TestNode {
  readonly id: NodeId
  storage!: LogStorage
  readonly metadata: MetadataLog
  readonly peer: MemoryPeer
  readonly liveness: LivenessView
  readonly open = new Map<string, OpenSegment>()
  replication!: ClusterReplication
  /** What the next commits of this node's disk do; they succeed unless told. */
  commit: () => Promise<void> = () => turns(1)
  readonly #cluster: TestCluster
  readonly #disk: TestDisk
  readonly #opened: LogStorage | Promise<LogStorage>
  readonly #opening = new Set<string>()
  #crashed = false

  constructor(cluster: TestCluster, id: NodeId, disk: TestDisk) {
    this.#cluster = cluster
    this.id = id
    this.#disk = disk
    this.#opened = disk.open(cluster.clock, () => this.commit())
    if (!(this.#opened instanceof Promise)) this.storage = this.#opened
    this.metadata = cluster.metadata.open(id)
    this.peer = cluster.peers.open(id)
    this.liveness = livenessOf(cluster, id)
  }

  start(): void {
    void this.#begin()
  }

  crash(): void {
    this.#crashed = true
    this.#disk.crash()
    this.peer.close()
    void this.metadata.close()
    this.#stopReplication()
  }

  get isOpen(): boolean {
    return (this.storage as LogStorage | undefined) !== undefined
  }

  isLeading(topic: string, segment: number): boolean {
    return this.open.get(topic)?.segment === segment
  }

  segment(topic: string): OpenSegment {
    const segment = this.open.get(topic)
    if (segment === undefined) throw new Error(`node ${this.id} does not lead "${topic}"`)
    return segment
  }

  append(topic: string, entry: string): CommitTicket {
    return this.segment(topic).append(new TextEncoder().encode(entry))
  }

  /** Ends the open segment, unless something is in the way. */
  async roll(topic: string): Promise<void> {
    const { segment, epoch } = this.segment(topic)
    const counts = await this.segment(topic).seal()
    const { nodes, topics } = this.metadata.state
    const { replicationFactor } = topics.get(topic)!.config
    const placement = placeNextSegment({ nodes, live: this.liveness.placeable() }, this.id, replicationFactor)!
    const next = { nextLeader: placement.leader, nextReplicas: placement.replicas }
    await this.metadata.propose({ kind: 'SealAndRoll', topic, segment, epoch, ...counts, ...next })
  }

  isWhole(topic: string, segment: SegmentMetadata): boolean {
    if (!segment.replicas.includes(this.id) || endPosition(segment) === 0) return true
    const log = this.storage.segment({ topic, segment: segment.id })
    return log?.sealed === true && log.position === endPosition(segment)
  }

  async #begin(): Promise<void> {
    this.storage = await this.#opened
    while (!(await this.#catchesUp())) await this.#cluster.wait(50)
    if (this.#crashed) return
    this.replication = new ClusterReplication(this.#context(), () => undefined)
    for (const topic of this.metadata.state.topics.values()) this.#fenceOwn(topic)
    this.metadata.subscribe((command, state) => {
      const topic = 'topic' in command ? state.topics.get(command.topic) : undefined
      if (topic !== undefined) this.#follow(topic)
    })
  }

  #context(): NodeContext {
    const cluster = this.#cluster
    return {
      nodeId: this.id,
      storage: this.storage,
      metadata: this.metadata,
      peers: this.peer,
      liveness: this.liveness,
      clock: cluster.clock,
      limits: cluster.limits,
      segmentLimits: {},
      trace: undefined,
      report: (level, message, fields) =>
        cluster.reports.push({ node: this.id, level, message, reason: String(fields['reason'] ?? '') }),
    }
  }

  async #catchesUp(): Promise<boolean> {
    if (this.#crashed) return true
    return await this.metadata.barrier().then(
      () => true,
      () => false,
    )
  }

  #stopReplication(): void {
    // A node that crashes before it has caught up has none.
    const replication = this.replication as ClusterReplication | undefined
    void replication?.close()
  }

  /** What this node led in an earlier life is not continued. */
  #fenceOwn(topic: TopicMetadata): void {
    const segment = lastSegment(topic)
    if (segment.state === 'open' && segment.leader === this.id) this.#fence(topic.name, segment)
  }

  #fence(topic: string, { id, epoch }: Pick<SegmentMetadata, 'id' | 'epoch'>): void {
    this.metadata.propose({ kind: 'FenceSegment', topic, segment: id, epoch }).catch(async () => {
      await this.#cluster.wait(100)
      if (!this.#crashed && lastSegment(this.metadata.state.topics.get(topic)!).epoch === epoch) {
        this.#fence(topic, { id, epoch })
      }
    })
  }

  #follow(topic: TopicMetadata): void {
    const open = this.open.get(topic.name)
    const before = open && segmentById(topic, open.segment)
    if (open !== undefined && before?.state === 'sealed') {
      open.resolveSealed(before)
      this.open.delete(topic.name)
    } else if (before?.state === 'recovering') {
      open?.stop(new WalrusError('NOT_LEADER', `Cannot append to "${topic.name}": it is fenced`))
    }
    const last = lastSegment(topic)
    if (last.state === 'open' && last.leader === this.id && !this.open.has(topic.name)) void this.#lead(topic, last)
  }

  async #lead(topic: TopicMetadata, segment: SegmentMetadata): Promise<void> {
    const name = `${topic.name}/${segment.id} at ${segment.epoch}`
    if (this.#opening.has(name)) return
    this.#opening.add(name)
    for (;;) {
      const topicState = await this.replication.inheritState(topic).catch(() => undefined)
      const now = lastSegment(this.metadata.state.topics.get(topic.name)!)
      if (this.#crashed || now.id !== segment.id || now.epoch !== segment.epoch) return
      if (topicState === undefined) {
        await this.#cluster.wait(50)
        continue
      }
      const { id, baseOffset, epoch } = segment
      const log = this.storage.create({ topic: topic.name, segment: id, baseOffset, epoch, topicState })
      const led = this.replication.lead(segment, log)
      led.onFailure(() => this.#fence(topic.name, segment))
      this.open.set(topic.name, led)
      return
    }
  }
}

class MemoryTestDisk implements TestDisk {
  readonly #disk: MemoryLogDisk = new Map()
  #storage: MemoryLogStorage | undefined

  open(_clock: Clock, commit: () => Promise<void>): LogStorage {
    this.#storage = new MemoryLogStorage(this.#disk, { commit })
    return this.#storage
  }

  crash(): void {
    this.#storage?.crash()
  }
}

function livenessOf(cluster: TestCluster, self: NodeId): LivenessView {
  const live = (): ReadonlySet<NodeId> =>
    new Set(cluster.ids.filter((id) => cluster.silentMs(self, id) <= cluster.limits.silenceMs))
  return {
    live,
    placeable: live,
    silentMs: (node) => cluster.silentMs(self, node),
    quorumContactMs: () => cluster.clock.monotonicMs(),
  }
}

/** Lets everything run that does not wait for time to pass. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const STEP_MS = 10
