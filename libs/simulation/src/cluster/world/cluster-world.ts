import { WalrusError, type NodeId } from '@walrus/core'
import { streamOf } from '../../plan/random-choice.js'
import type { ClusterPlan } from '../plan.js'
import type { ClusterSabotage } from '../sabotage/cluster-sabotages.js'
import type { OnEvent } from './life-trace.js'
import { Links } from './links.js'
import { Machine } from './machine.js'
import type { PeerDirectory } from './peer-port.js'
import type { RaftDirectory } from './raft-port.js'
import { WorldTrace } from './trace.js'
import { WorldTime } from './world-time.js'

export interface WorldOptions {
  readonly plan: ClusterPlan
  /** Readable lines are kept. */
  readonly recording: boolean
  readonly sabotage: ClusterSabotage
  /** Hears what every node does; nobody unless told. */
  readonly onEvent?: OnEvent | undefined
}

/** The machines of a cluster, the network between them, and the time that passes for all. */
export class ClusterWorld {
  readonly plan: ClusterPlan
  readonly time = new WorldTime()
  readonly trace: WorldTrace
  readonly links: Links
  /** Nodes whose removal was begun, and is not known to be done. */
  readonly leaving = new Set<NodeId>()
  readonly #removed = new Set<NodeId>()
  readonly #machines = new Map<NodeId, Machine>()
  readonly #peers: PeerDirectory = new Map()
  readonly #rafts: RaftDirectory = new Map()
  readonly #sabotage: ClusterSabotage
  readonly #onEvent: OnEvent | undefined

  constructor({ plan, recording, sabotage, onEvent }: WorldOptions) {
    this.plan = plan
    this.#onEvent = onEvent
    this.#sabotage = sabotage
    this.trace = new WorldTrace(recording)
    this.links = new Links({ time: this.time, random: streamOf(plan.seed, 1), trace: this.trace })
    for (const node of plan.nodes) this.addMachine(node)
  }

  get machines(): readonly Machine[] {
    return [...this.#machines.values()]
  }

  machine(node: NodeId): Machine {
    const machine = this.#machines.get(node)
    if (machine === undefined) throw new Error(`there is no node ${node}`)
    return machine
  }

  /** A machine that asks those which are there to be taken in; the first one founds the cluster. */
  addMachine(nodeId: NodeId): Machine {
    const { plan, time, links } = this
    const machine = new Machine({
      nodeId,
      seeds: nodeId === plan.nodes[0] ? [] : plan.nodes.filter((node) => node !== nodeId).slice(0, 3),
      plan: plan.node,
      clockRate: plan.clockRates.get(nodeId) ?? 1,
      time,
      random: streamOf(plan.seed, 100 + nodeId),
      links,
      peers: this.#peers,
      rafts: this.#rafts,
      tell: (line) => this.tell(line),
      sabotage: this.#sabotage,
      onEvent: this.#onEvent,
    })
    this.#machines.set(nodeId, machine)
    return machine
  }

  /** Machines whose nodes belong to the cluster, or are on their way in or out. */
  get members(): readonly Machine[] {
    return this.machines.filter(({ nodeId, isRefused }) => !isRefused && !this.#removed.has(nodeId))
  }

  /** One more machine, as long as there are few. */
  grow(): void {
    const nodeId = this.#machines.size + 1
    if (nodeId <= this.plan.nodes.length + MACHINES_MORE_MAX) this.addMachine(nodeId).start()
  }

  /** Asks one node, whichever serves, to take another one out of the cluster. */
  async remove(nodeId: NodeId): Promise<void> {
    this.leaving.add(nodeId)
    const asked = this.members.find((one) => one.nodeId !== nodeId && !one.isPaused && one.life !== undefined)?.life
    if (asked === undefined) return
    this.tell(`node ${nodeId} is to be removed`)
    try {
      await asked.node.administration.removeNode(nodeId, REMOVAL_TIMEOUT_MS)
    } catch (error) {
      if (!(error instanceof WalrusError)) throw error
      // The outcome of an earlier attempt may not have been known.
      const isOut = asked.metadata.state.removedNodes.has(nodeId)
      if (!isOut) return this.tell(`node ${nodeId} is not removed yet: ${error.message}`)
    }
    this.tell(`node ${nodeId} is removed`)
    this.leaving.delete(nodeId)
    this.#removed.add(nodeId)
    this.machine(nodeId).kill(false)
  }

  tell(line: string): void {
    this.trace.tell(this.time.nowMs, line)
  }

  /** Everything that was broken between and under the nodes is whole again; those that do not run are started. */
  healAll(): void {
    this.tell('all is well again')
    this.links.heal()
    for (const machine of this.members) {
      machine.disk.heal()
      machine.raftDisk.heal()
      machine.resume()
      if (machine.disk.hasFailed) machine.kill(false)
      machine.start()
    }
  }
}

const MACHINES_MORE_MAX = 2
const REMOVAL_TIMEOUT_MS = 10_000
