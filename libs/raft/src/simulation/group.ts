import { type ConfChange, type SingleChange } from '../core/conf-change.js'
import { type Message } from '../core/message.js'
import { emptyBytes, emptyConfState, type NodeId, type Snapshot } from '../core/types.js'
import { History } from './history.js'
import { Network } from './network.js'
import { Oracle } from './oracle.js'
import { type ActionName, type Policy } from './policy.js'
import { type RandomStream } from './random.js'
import { type Sabotage } from './sabotage.js'
import { SimulatedNode } from './simulated-node.js'
import { stateOfSnapshot } from './state-machine.js'

/** A whole group under faults. Each action is one small step of one node, of the network or of a client. */
export class SimulatedGroup {
  readonly nodes: SimulatedNode[] = []
  readonly network = new Network()
  readonly oracle = new Oracle()
  readonly history = new History()
  readonly #random: RandomStream
  readonly #sabotage: Sabotage | undefined
  /** Number of what happened last; the trace of a run is the sequence of them. */
  lastEvent = 0

  /** False: there was nothing to do. */
  readonly actions: Readonly<Record<ActionName, () => boolean>> = {
    deliver: () => this.#deliver(true),
    lose: () => this.#deliver(false),
    duplicate: () => this.#duplicate(),
    ready: () =>
      this.#withNode(
        (node) => node.handleReady(),
        (node) => node.core?.hasReady() === true,
      ),
    finishWrite: () =>
      this.#withNode(
        (node) => node.finishWrite(),
        (node) => node.disk.queue.length > 0,
      ),
    finishApply: () =>
      this.#withNode(
        (node) => node.finishApply(),
        (node) => node.hasApplyWork,
      ),
    tick: () => this.#withNode((node) => node.core?.tick()),
    propose: () => this.#withNode((node) => this.propose(node)),
    read: () => this.#withNode((node) => this.read(node)),
    transfer: () => this.#withNode((node) => node.core?.transferLeader(this.#anyNode().id)),
    changeMembership: () => this.#withLeader((node) => node.core?.proposeConfChange(this.#drawChange())),
    takeSnapshot: () => this.#withNode((node) => node.takeSnapshot()),
    crash: () => this.#withNode((node) => node.crash()),
    restart: () => this.#restartOne(),
    cut: () => this.#cut(),
    heal: () => this.#heal(),
    pause: () => this.#withNode((node) => (node.isPaused = true)),
    reportUnreachable: () => this.#withLeader((node) => node.core?.reportUnreachable(this.#anyNode().id)),
    forgetLeader: () => this.#withNode((node) => node.core?.forgetLeader()),
  }

  constructor(random: RandomStream, policy: Policy, sabotage?: Sabotage) {
    this.#random = random
    this.#sabotage = sabotage
    const ids = Array.from({ length: policy.voterCount + policy.learnerCount }, (_, at) => at + 1)
    const confState = {
      ...emptyConfState,
      voters: ids.slice(0, policy.voterCount),
      learners: ids.slice(policy.voterCount),
    }
    const start: Snapshot = { index: 1, term: 1, confState, data: emptyBytes }
    const nothing: Snapshot = { index: 0, term: 0, confState: emptyConfState, data: emptyBytes }
    this.oracle.start(stateOfSnapshot(start))
    const { oracle, history } = this
    const send = (message: Message) => this.network.send(message)
    const surroundings = { random, policy, oracle, history, sabotage, send }
    for (let id = 1; id <= ids.length + policy.spareCount; id++) {
      this.nodes.push(new SimulatedNode(id, id <= ids.length ? start : nothing, surroundings))
    }
  }

  /** One client write at a node. */
  propose(node: SimulatedNode): void {
    const operation = this.history.beginWrite(node.id)
    const data = new Uint8Array(4 + this.#random.integer(20))
    new DataView(data.buffer).setUint32(0, operation)
    node.core?.propose(data)
  }

  /** One client read at a node. */
  read(node: SimulatedNode): void {
    node.core?.readIndex(this.history.beginRead(node.id))
  }

  /** Delivers a message, and reports the outcome of a snapshot as a transport must. */
  transmit(message: Message, arrives: boolean): void {
    const receiver = this.nodes[message.to - 1]
    const reaches = arrives && receiver?.isRunning === true && this.network.lets(message)
    this.lastEvent =
      message.type.length * 1_000_003 + message.from * 10_007 + message.to * 101 + message.term + message.index
    if (reaches) receiver.receive(message)
    if (message.type === 'Snapshot' && this.#sabotage !== 'snapshot-outcome-is-not-reported') {
      this.nodes[message.from - 1]?.core?.reportSnapshot(message.to, reaches)
    }
    if (reaches) this.check(receiver)
  }

  check(node: SimulatedNode): void {
    const { core } = node
    if (core !== undefined) this.oracle.observe(node, () => core.status().confState, this.nodes)
  }

  #deliver(arrives: boolean): boolean {
    const message = this.network.takeAny(this.#random)
    if (message === undefined) return false
    this.transmit(message, arrives)
    return true
  }

  /** A proposal that arrives twice would be two entries: that is for the application to notice. */
  #duplicate(): boolean {
    const message = this.network.takeAny(this.#random)
    if (message === undefined) return false
    this.network.send(message)
    if (message.type !== 'Propose') this.network.send(message)
    return true
  }

  #anyNode(): SimulatedNode {
    return this.#random.pick(this.nodes)
  }

  /** Lets a running node act, of those that have something to do. */
  #withNode(action: (node: SimulatedNode) => unknown, hasWork: (node: SimulatedNode) => boolean = always): boolean {
    const first = this.#random.integer(this.nodes.length)
    let node: SimulatedNode | undefined
    for (let count = 0; count < this.nodes.length && node === undefined; count++) {
      const candidate = this.nodes[(first + count) % this.nodes.length]
      if (candidate?.isRunning === true && hasWork(candidate)) node = candidate
    }
    if (node === undefined) return false
    action(node)
    this.lastEvent = node.id * 7_919 + node.term * 31 + node.commitIndex
    this.check(node)
    return true
  }

  #withLeader(action: (node: SimulatedNode) => unknown): boolean {
    const leader = this.nodes.find((node) => node.isRunning && node.role === 'leader')
    if (leader === undefined) return false
    action(leader)
    this.lastEvent = leader.id * 7_907 + leader.term
    this.check(leader)
    return true
  }

  #restartOne(): boolean {
    const node = this.nodes.find((one) => !one.isRunning)
    if (node === undefined) return false
    node.isPaused = false
    if (node.core === undefined) node.restart()
    this.lastEvent = node.id * 7_901 + node.term
    return true
  }

  #cut(): boolean {
    const all = this.nodes.map(({ id }) => id)
    const side = new Set<NodeId>(all.filter(() => this.#random.chance(40)))
    this.network.cut(all, side, this.#random.pick(['both', 'both', 'out', 'in']))
    return true
  }

  #heal(): boolean {
    if (!this.network.isCut) return false
    this.network.heal()
    return true
  }

  #drawChange(): ConfChange {
    const count = this.#random.pick([0, 1, 1, 1, 2, 3])
    const changes: SingleChange[] = []
    while (changes.length < count) {
      const type = this.#random.pick(['addVoter', 'addVoter', 'addLearner', 'remove'] as const)
      changes.push({ type, id: this.#anyNode().id })
    }
    return { transition: count === 0 ? 'auto' : this.#random.pick(['auto', 'auto', 'implicit', 'explicit']), changes }
  }
}

const always = () => true
