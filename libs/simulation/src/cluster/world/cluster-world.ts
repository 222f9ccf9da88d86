import type { NodeId } from '@walrus/core'
import { streamOf } from '../../plan/random-choice.js'
import type { ClusterPlan } from '../plan.js'
import type { ClusterSabotage } from '../sabotage/cluster-sabotages.js'
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
}

/** The machines of a cluster, the network between them, and the time that passes for all. */
export class ClusterWorld {
  readonly plan: ClusterPlan
  readonly time = new WorldTime()
  readonly trace: WorldTrace
  readonly links: Links
  readonly #machines = new Map<NodeId, Machine>()
  readonly #peers: PeerDirectory = new Map()
  readonly #rafts: RaftDirectory = new Map()
  readonly #sabotage: ClusterSabotage

  constructor({ plan, recording, sabotage }: WorldOptions) {
    this.plan = plan
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
    })
    this.#machines.set(nodeId, machine)
    return machine
  }

  tell(line: string): void {
    this.trace.tell(this.time.nowMs, line)
  }

  /** Everything that was broken between and under the nodes is whole again; those that do not run are started. */
  healAll(): void {
    this.tell('all is well again')
    this.links.heal()
    for (const machine of this.machines) {
      machine.disk.heal()
      machine.raftDisk.heal()
      machine.resume()
      if (machine.disk.hasFailed) machine.kill(false)
      if (!machine.isRefused) machine.start()
    }
  }
}
