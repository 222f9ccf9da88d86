import type { NodeId } from '@walrus/core'
import { randomBelow, type Random } from '@walrus/testing'
import { between, oneOf, weighted } from '../../plan/random-choice.js'
import type { ClusterWorld } from '../world/cluster-world.js'
import type { Machine } from '../world/machine.js'

/** One thing that goes wrong, or right again. */
export type FaultName =
  | 'kill'
  | 'powerLoss'
  | 'blackout'
  | 'start'
  | 'pause'
  | 'isolate'
  | 'cutOneWay'
  | 'split'
  | 'heal'
  | 'badNetwork'
  | 'slowNode'
  | 'slowDisk'
  | 'failingDisk'
  | 'failingRaftDisk'
  | 'fullDisk'
  | 'mendDisks'
  | 'jumpWall'
  | 'join'
  | 'remove'

/** What may happen, and how often out of all of them: the fault policy. Each seed leaves some of it out. */
const WEIGHTS: Readonly<Record<FaultName, number>> = {
  kill: 6,
  powerLoss: 4,
  blackout: 1,
  start: 14,
  pause: 5,
  isolate: 4,
  cutOneWay: 4,
  split: 3,
  heal: 10,
  badNetwork: 3,
  slowNode: 3,
  slowDisk: 4,
  failingDisk: 2,
  failingRaftDisk: 1,
  fullDisk: 2,
  mendDisks: 6,
  jumpWall: 1,
  join: 1,
  remove: 1,
}

/** Without these what was broken stays broken. */
const REMEDIES: ReadonlySet<FaultName> = new Set(['start', 'heal', 'mendDisks'])

export interface StormOptions {
  readonly world: ClusterWorld
  readonly random: Random
  /** Milliseconds between two faults, on the average. */
  readonly everyMs: number
  /** Only so many things happen: a run that fails is repeated with fewer. */
  readonly faultsMax: number
  /** By number from 1. What is left out changes nothing in what comes later. */
  readonly without: ReadonlySet<number>
  /** The chance of one fault. */
  readonly randomOf: (fault: number) => Random
}

/** Lets things go wrong by chance. */
export class Storm {
  readonly #options: StormOptions
  readonly #choices: readonly { readonly name: FaultName; readonly weight: number }[]
  #count = 0
  #isOver = false

  constructor(options: StormOptions) {
    this.#options = options
    const names = Object.keys(WEIGHTS) as FaultName[]
    this.#choices = names
      .filter((name) => REMEDIES.has(name) || options.random() < 0.6)
      .map((name) => ({ name, weight: WEIGHTS[name] }))
  }

  /** Things that have happened so far. */
  get count(): number {
    return this.#count
  }

  begin(): void {
    const { world, random, everyMs } = this.#options
    world.time.after(random() * 2 * everyMs, () => {
      if (this.#isOver) return
      if (this.#count < this.#options.faultsMax) this.#happen(weighted(random, this.#choices)?.name ?? 'heal')
      this.begin()
    })
  }

  end(): void {
    this.#isOver = true
  }

  #happen(fault: FaultName): void {
    this.#count += 1
    const { world, without, randomOf } = this.#options
    const machine = this.#anyMachine()
    if (without.has(this.#count)) return
    world.tell(`fault ${this.#count}: ${fault} ${machine.nodeId}`)
    FAULTS[fault]({ world, random: randomOf(this.#count) }, machine)
  }

  #anyMachine(): Machine {
    const { machines } = this.#options.world
    const machine = machines[randomBelow(this.#options.random, machines.length)]
    if (machine === undefined) throw new Error('there is no machine')
    return machine
  }
}

type Fault = (storm: Pick<StormOptions, 'world' | 'random'>, machine: Machine) => void

const FAULTS: Readonly<Record<FaultName, Fault>> = {
  kill: (_, machine) => machine.kill(false),
  powerLoss: (_, machine) => machine.kill(true),
  blackout: ({ world }) => {
    for (const machine of world.machines) machine.kill(true)
  },
  start: ({ world }) => {
    for (const machine of world.machines) machine.start()
  },
  pause: ({ world, random }, machine) => {
    machine.pause()
    world.time.after(between(random, 50, 4_000), () => machine.resume())
  },
  isolate: ({ world }, machine) => cutOff(world, [machine.nodeId]),
  cutOneWay: ({ world, random }, { nodeId }) => {
    const others = world.machines.filter((other) => other.nodeId !== nodeId)
    const other = others[randomBelow(random, others.length)]
    if (other !== undefined) world.links.cut(nodeId, other.nodeId)
  },
  split: ({ world, random }) => {
    cutOff(
      world,
      world.machines.map(({ nodeId }) => nodeId).filter(() => random() < 0.5),
    )
  },
  heal: ({ world }) => world.links.heal(),
  badNetwork: ({ world, random }) => {
    world.links.faults = {
      lossChance: oneOf(random, [0, 0.02, 0.2]),
      duplicateChance: oneOf(random, [0, 0.1]),
      delayMsMax: oneOf(random, [1, 10, 80]),
    }
  },
  slowNode: ({ world, random }, { nodeId }) => {
    const milliseconds = oneOf(random, [30, 300, 2_500])
    for (const { nodeId: other } of world.machines) {
      if (random() < 0.8) world.links.slow(nodeId, other, milliseconds)
      if (random() < 0.8) world.links.slow(other, nodeId, milliseconds)
    }
  },
  slowDisk: ({ random }, machine) => {
    const latencyMsMax = oneOf(random, [5, 50, 600])
    machine.disk.faults = { ...machine.disk.faults, latencyMsMax }
    machine.raftDisk.latencyMsMax = oneOf(random, [1, latencyMsMax])
  },
  failingDisk: ({ random }, machine) => {
    machine.disk.faults = { ...machine.disk.faults, failureChance: oneOf(random, [0.02, 0.3, 1]) }
  },
  failingRaftDisk: (_, machine) => {
    machine.raftDisk.failureChance = 0.2
  },
  fullDisk: (_, machine) => {
    machine.disk.faults = { ...machine.disk.faults, isFull: true }
  },
  mendDisks: ({ world }) => {
    for (const { disk, raftDisk } of world.machines) {
      disk.heal()
      raftDisk.heal()
    }
  },
  jumpWall: ({ random }, machine) => machine.jumpWall(between(random, -100_000, 100_000)),
  join: ({ world }) => world.grow(),
  remove: ({ world }, machine) => {
    if (world.members.length > REPLICAS && world.leaving.size === 0) void world.remove(machine.nodeId)
  },
}

/** Segments have so many: with fewer nodes they could not be copied elsewhere. */
const REPLICAS = 3

/** Nothing goes from these nodes to the others, or back. */
function cutOff(world: ClusterWorld, nodes: readonly NodeId[]): void {
  for (const { nodeId: other } of world.machines) {
    if (nodes.includes(other)) continue
    for (const node of nodes) {
      world.links.cut(node, other)
      world.links.cut(other, node)
    }
  }
}
