import {
  applyCommand,
  EMPTY_METADATA,
  encodeCommand,
  majority,
  WalrusError,
  type Clock,
  type ClusterMetadata,
  type ConsensusStatus,
  type MetadataCommand,
  type MetadataLog,
  type MetadataResult,
  type NodeId,
} from '@walrus/core'

type Listener = Parameters<MetadataLog['subscribe']>[0]

export interface SharedMetadataOptions {
  readonly clock: Clock
  /** The voters, whether they run or not. */
  readonly voters: readonly NodeId[]
  /** How long a node takes to hear of a decision; 0 is the next turn of the event loop. May differ by node. */
  readonly delayMs?: (node: NodeId) => number
  /** How long a proposal waits for a majority. 1,000 unless told. */
  readonly proposalTimeoutMs?: number
}

/**
 * One history of metadata commands that several nodes follow, each at its own pace: what a cluster of Raft is to whoever uses
 * `MetadataLog`, without elections. The leader is the lowest node that is open and not cut off, unless a test names it.
 */
export class SharedMetadata {
  /** May be changed at any time. */
  delayMs: (node: NodeId) => number
  /** Everything that was decided, in order. */
  readonly commands: MetadataCommand[] = []
  readonly clock: Clock
  readonly voters: readonly NodeId[]
  readonly proposalTimeoutMs: number
  readonly #logs = new Map<NodeId, SharedMetadataLog>()
  readonly #applied = new Map<NodeId, number>()
  readonly #cut = new Set<NodeId>()
  readonly #heals = new Set<() => void>()
  #namedLeader: NodeId | undefined
  #term = 1

  constructor(options: SharedMetadataOptions) {
    const { clock, voters, delayMs = () => 0, proposalTimeoutMs = 1_000 } = options
    this.clock = clock
    this.voters = voters
    this.delayMs = delayMs
    this.proposalTimeoutMs = proposalTimeoutMs
  }

  /** The log of one node; the same as it was when the node was closed, and from then on what is decided. */
  open(node: NodeId): MetadataLog {
    void this.#logs.get(node)?.close()
    const log = new SharedMetadataLog(this, node, this.#applied.get(node) ?? 0)
    this.#logs.set(node, log)
    this.#tellHealed()
    log.wake()
    return log
  }

  /** The node hears of nothing and decides nothing until `heal`. */
  cut(node: NodeId): void {
    this.#cut.add(node)
  }

  heal(): void {
    this.#cut.clear()
    this.#tellHealed()
    for (const log of this.#logs.values()) log.wake()
  }

  /** The process of the node is gone, until it is opened again: it neither decides nor hears anything. */
  kill(node: NodeId): void {
    void this.#logs.get(node)?.close()
  }

  /** The state as the node has applied it. */
  stateOf(node: NodeId): ClusterMetadata {
    return this.#logs.get(node)?.state ?? EMPTY_METADATA
  }

  /** From now on this node leads whenever it can. */
  elect(node: NodeId): void {
    this.#namedLeader = node
    this.#term += 1
  }

  get term(): number {
    return this.#term
  }

  get leader(): NodeId | undefined {
    const connected = this.voters.filter((node) => this.isConnected(node))
    if (connected.length < majority(this.voters.length)) return undefined
    return connected.find((node) => node === this.#namedLeader) ?? connected[0]
  }

  /** The node runs, and others hear it. */
  isConnected(node: NodeId): boolean {
    return this.#logs.get(node)?.closed === false && !this.#cut.has(node)
  }

  /** Decides the command; its number, from 1. Undefined while the node is cut off, or no majority runs. */
  decide(node: NodeId, command: MetadataCommand): number | undefined {
    if (!this.isConnected(node) || this.leader === undefined) return undefined
    this.commands.push(command)
    for (const log of this.#logs.values()) log.wake()
    return this.commands.length
  }

  recordApplied(node: NodeId, count: number): void {
    this.#applied.set(node, count)
  }

  /** Calls back once when nodes come back. */
  onHeal(listener: () => void): () => void {
    this.#heals.add(listener)
    return () => void this.#heals.delete(listener)
  }

  #tellHealed(): void {
    const listeners = [...this.#heals]
    this.#heals.clear()
    for (const listener of listeners) listener()
  }
}

class SharedMetadataLog implements MetadataLog {
  readonly #shared: SharedMetadata
  readonly #node: NodeId
  readonly #listeners = new Set<Listener>()
  readonly #waiting = new Map<number, (result: MetadataResult) => void>()
  readonly #caughtUp = new Set<{ readonly count: number; readonly resolve: () => void }>()
  #state = EMPTY_METADATA
  #applied = 0
  #scheduled = false
  closed = false

  constructor(shared: SharedMetadata, node: NodeId, applied: number) {
    this.#shared = shared
    this.#node = node
    for (const command of shared.commands.slice(0, applied)) this.#state = applyCommand(this.#state, command).state
    this.#applied = applied
  }

  get state(): ClusterMetadata {
    return this.#state
  }

  async propose(command: MetadataCommand): Promise<MetadataResult> {
    this.#assertOpen()
    encodeCommand(command)
    const number = await this.#inTime('propose', () => this.#shared.decide(this.#node, command))
    return await this.#applies(number)
  }

  async barrier(): Promise<void> {
    this.#assertOpen()
    const shared = this.#shared
    const count = await this.#inTime('catch up', () =>
      shared.isConnected(this.#node) && shared.leader !== undefined ? shared.commands.length : undefined,
    )
    if (this.#applied >= count) return
    await new Promise<void>((resolve) => this.#caughtUp.add({ count, resolve }))
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  status(): ConsensusStatus {
    const { term, commands, voters } = this.#shared
    const leader = this.#shared.isConnected(this.#node) ? (this.#shared.leader ?? null) : null
    const isLeader = leader === this.#node
    const byVoter = (value: number): ReadonlyMap<NodeId, number> => new Map(voters.map((voter) => [voter, value]))
    return {
      id: this.#node,
      role: this.closed ? 'Shutdown' : isLeader ? 'Leader' : 'Follower',
      term,
      leader,
      vote: leader,
      lastLogIndex: commands.length,
      lastAppliedIndex: this.#applied,
      lastAppliedTerm: term,
      snapshotIndex: 0,
      snapshotTerm: 0,
      purgedIndex: 0,
      purgedTerm: 0,
      voterConfigurations: [voters],
      learners: [],
      membershipEntry: null,
      addresses: new Map([...this.#state.nodes.values()].map((node) => [node.id, node.address])),
      replication: isLeader ? byVoter(this.#applied) : null,
      leaderSilenceMs: leader === null ? null : 0,
      silenceMs: isLeader ? byVoter(0) : null,
    }
  }

  async close(): Promise<void> {
    this.closed = true
  }

  /** Something was decided, or can be heard again. */
  wake(): void {
    if (this.#scheduled || this.closed || this.#applied >= this.#shared.commands.length) return
    this.#scheduled = true
    const delayMs = this.#shared.delayMs(this.#node)
    if (delayMs === 0) setImmediate(() => this.#catchUp())
    else this.#shared.clock.after(delayMs, () => this.#catchUp())
  }

  #catchUp(): void {
    this.#scheduled = false
    while (!this.closed && this.#shared.isConnected(this.#node)) {
      const command = this.#shared.commands[this.#applied]
      if (command === undefined) break
      this.#apply(command)
    }
  }

  #apply(command: MetadataCommand): void {
    const { state, result } = applyCommand(this.#state, command)
    this.#state = state
    this.#applied += 1
    this.#shared.recordApplied(this.#node, this.#applied)
    if (result.outcome === 'applied') for (const listener of [...this.#listeners]) listener(command, state)
    this.#waiting.get(this.#applied)?.(result)
    this.#waiting.delete(this.#applied)
    for (const waiter of [...this.#caughtUp]) {
      if (waiter.count > this.#applied) continue
      this.#caughtUp.delete(waiter)
      waiter.resolve()
    }
  }

  async #applies(number: number): Promise<MetadataResult> {
    const { clock, proposalTimeoutMs } = this.#shared
    return await new Promise((resolve, reject) => {
      const timer = clock.after(proposalTimeoutMs, () => {
        this.#waiting.delete(number)
        reject(new WalrusError('TIMED_OUT', 'Cannot propose a metadata command: the outcome is not known'))
      })
      this.#waiting.set(number, (result) => {
        timer.cancel()
        resolve(result)
      })
    })
  }

  /** Tries until there is a majority that hears this node, at most `proposalTimeoutMs`; then nothing was decided. */
  async #inTime(what: string, attempt: () => number | undefined): Promise<number> {
    const { clock, proposalTimeoutMs } = this.#shared
    const deadlineMs = clock.monotonicMs() + proposalTimeoutMs
    for (let count = attempt(); ; count = attempt()) {
      if (count !== undefined) return count
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0 || this.closed) throw new WalrusError('UNAVAILABLE', `Cannot ${what}: no majority can be heard`)
      await this.#healed(leftMs)
    }
  }

  #healed(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        forget()
        resolve()
      }
      const forget = this.#shared.onHeal(done)
      const timer = this.#shared.clock.after(timeoutMs, done)
    })
  }

  #assertOpen(): void {
    if (this.closed) throw new WalrusError('STORAGE_CLOSED', 'Cannot propose a metadata command: the log is closed')
  }
}
