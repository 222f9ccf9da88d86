import { type RaftError } from '../core/errors.js'
import { present } from '../core/invariant.js'
import { MemoryLog } from '../core/memory-log.js'
import { emptyConfState, type ConfState, type NodeId } from '../core/types.js'
import { type RaftLimits, type RaftNodeOptions, type RaftTiming } from '../driver/options.js'
import { RaftNode } from '../driver/raft-node.js'
import { RandomStream } from '../simulation/random.js'
import { ControlledStore } from './controlled-store.js'
import { ListMachine } from './list-machine.js'
import { MemoryNetwork } from './memory-network.js'
import { settlePromises, VirtualClock } from './virtual-clock.js'

/** One life of one node. */
export interface Life {
  readonly node: RaftNode<number>
  readonly machine: ListMachine
  readonly store: ControlledStore
  readonly fatal: RaftError[]
  readonly kill: () => void
}

export interface NodeGroupOptions {
  readonly voters: readonly NodeId[]
  readonly timing?: Partial<RaftTiming>
  readonly limits?: Partial<RaftLimits>
  readonly seed?: number
  readonly createMachine?: () => ListMachine
}

const tickMs = 50

/** Whole nodes over memory, on virtual time: every run is the same. */
export class NodeGroup {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork()
  readonly lives = new Map<NodeId, Life>()
  readonly #disks = new Map<NodeId, MemoryLog>()
  readonly #options: NodeGroupOptions
  readonly #random: RandomStream

  constructor(options: NodeGroupOptions) {
    this.#options = options
    this.#random = new RandomStream(options.seed ?? 1)
  }

  static async started(options: NodeGroupOptions): Promise<NodeGroup> {
    const group = new NodeGroup(options)
    for (const id of options.voters) await group.start(id)
    return group
  }

  get bootstrap(): ConfState {
    return { ...emptyConfState, voters: this.#options.voters }
  }

  life(id: NodeId): Life {
    return present(this.lives.get(id), `node ${id}`)
  }

  node(id: NodeId): RaftNode<number> {
    return this.life(id).node
  }

  commands(id: NodeId): readonly string[] {
    return this.life(id).machine.commands
  }

  /** What the node finds on its disk, whether it is up or not. */
  disk(id: NodeId): MemoryLog {
    const disk = this.#disks.get(id) ?? new MemoryLog()
    this.#disks.set(id, disk)
    return disk
  }

  async start(id: NodeId, options: Partial<RaftNodeOptions<number>> = {}): Promise<RaftNode<number>> {
    const { clock, kill } = this.clock.life()
    const store = new ControlledStore(this.disk(id))
    const machine = this.#options.createMachine?.() ?? new ListMachine()
    const fatal: RaftError[] = []
    const { timing, limits } = this.#options
    const transport = this.network.transport(id, (message, data) => this.lives.get(id)?.node.receive(message, data))
    const isFounder = this.#options.voters.includes(id)
    const node = await RaftNode.start<number>({
      id,
      store,
      transport,
      stateMachine: machine,
      clock,
      random: this.#random.integer,
      timing: { ...timing, tickMs },
      ...(limits && { limits }),
      ...(isFounder && { bootstrap: this.bootstrap }),
      events: { onFatal: (error) => fatal.push(error) },
      ...options,
    })
    this.lives.set(id, { node, machine, store, fatal, kill })
    return node
  }

  /** The process ends at once. `reaches`: whether the write that is under way is found on the disk afterwards. */
  crash(id: NodeId, reaches = false): void {
    const { kill, store } = this.life(id)
    kill()
    this.network.disconnect(id)
    store.crash(reaches)
    this.lives.delete(id)
  }

  /** Does everything that can be done without time passing. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10_000; round++) {
      await settlePromises()
      const busy = this.clock.runDeferred()
      if (!this.network.deliver() && !busy) return
    }
    throw new Error('the group does not come to rest')
  }

  async pass(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick++) {
      this.clock.advance(tickMs)
      await this.settle()
    }
  }

  /** Lets time pass until `holds`. */
  async until(holds: () => boolean, what: string, ticksMax = 400): Promise<void> {
    for (let tick = 0; tick < ticksMax; tick++) {
      await this.settle()
      if (holds()) return
      this.clock.advance(tickMs)
    }
    throw new Error(`waited in vain: ${what}`)
  }

  /** Waits until one of the nodes that run leads with a quorum behind it. */
  async leader(): Promise<RaftNode<number>> {
    let leader: RaftNode<number> | undefined
    await this.until(() => (leader = this.#leaderNow()) !== undefined, 'a leader')
    return present(leader, 'leader')
  }

  /** Waits for `work`, and lets time pass meanwhile. */
  async finish<T>(work: Promise<T>, ticksMax = 400): Promise<T> {
    let isDone = false
    const ended = work.finally(() => (isDone = true))
    ended.catch(() => undefined)
    await this.until(() => isDone, 'an answer', ticksMax)
    return ended
  }

  #leaderNow(): RaftNode<number> | undefined {
    const statuses = [...this.lives.values()].map(({ node }) => ({ node, status: node.status() }))
    const leaders = statuses.filter(({ status }) => status.role === 'Leader')
    const newest = leaders.sort((left, right) => right.status.term - left.status.term)[0]
    if (newest === undefined) return undefined
    const { node, status } = newest
    const followers = statuses.filter((one) => one.status.leader === node.id && one.status.term === status.term)
    const voters = status.voterConfigurations[0] ?? []
    return followers.length * 2 > voters.length && status.lastApplied.index === status.lastLogIndex ? node : undefined
  }
}
