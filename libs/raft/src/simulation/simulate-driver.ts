import { type ConfChange } from '../core/conf-change.js'
import { RaftError } from '../core/errors.js'
import { violated } from '../core/invariant.js'
import { type Message } from '../core/message.js'
import { type LogIndex, type NodeId, type Term } from '../core/types.js'
import { bytesOf, ListMachine, textOf } from '../testing/list-machine.js'
import { NodeGroup } from '../testing/node-group.js'
import { settlePromises } from '../testing/virtual-clock.js'
import { RandomStream } from './random.js'

export interface DriverSimulationOptions {
  readonly seed: number
  readonly steps: number
}

/** What a run was like. The same options always give the same result. */
export interface DriverSimulationResult {
  /** What was violated; undefined when all went well. */
  readonly failure: string | undefined
  readonly acknowledged: number
  readonly reads: number
  readonly crashes: number
}

/**
 * Whole nodes as they are used, with their driver, under faults that a seed draws; the storage performs each write late, and a
 * crash loses or keeps the one under way. What clients were told is held against what the nodes have in the end.
 */
export async function simulateDriver(options: DriverSimulationOptions): Promise<DriverSimulationResult> {
  const run = new DriverRun(new RandomStream(options.seed))
  let failure: string | undefined
  try {
    await run.start()
    for (let step = 0; step < options.steps; step++) await run.step()
    await run.recover()
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  return { failure, acknowledged: run.acknowledged.size, reads: run.reads, crashes: run.crashes }
}

type DriverAction =
  | 'deliver'
  | 'finishWrite'
  | 'turn'
  | 'tick'
  | 'propose'
  | 'read'
  | 'crashOrStart'
  | 'powerFailure'
  | 'changeMembership'
  | 'transfer'
  | 'cut'
  | 'heal'

/** Each action as often as this seed wants it. */
function drawTable(random: RandomStream): readonly DriverAction[] {
  const weights: Readonly<Record<DriverAction, number>> = {
    deliver: 420,
    finishWrite: random.pick([120, 200]),
    turn: 260,
    tick: random.pick([20, 40, 70]),
    propose: random.pick([20, 60]),
    read: 15,
    crashOrStart: random.pick([0, 1, 2, 8]),
    powerFailure: random.pick([0, 0, 1, 3]),
    changeMembership: random.pick([0, 2, 6]),
    transfer: random.pick([0, 2]),
    cut: random.pick([0, 1, 3]),
    heal: 4,
  }
  const names = Object.keys(weights) as DriverAction[]
  return names.flatMap((name) => Array.from({ length: weights[name] }, () => name))
}

class DriverRun {
  readonly acknowledged = new Set<string>()
  reads = 0
  crashes = 0
  readonly #random: RandomStream
  readonly #group: NodeGroup
  readonly #voters: readonly NodeId[]
  readonly #all: readonly NodeId[]
  readonly #dropped = new Set<string>()
  /** What was applied at each index, on whichever node first. */
  readonly #applied = new Map<LogIndex, string>()
  readonly #votes = new Map<string, NodeId>()
  readonly #leaders = new Map<Term, NodeId>()
  readonly #table: readonly DriverAction[]
  readonly #actions: Readonly<Record<DriverAction, () => unknown>> = {
    deliver: () => this.#group.network.deliverAny(this.#random.integer, this.#random.chance(97)),
    finishWrite: () => this.#anyLife()?.store.performNext(),
    turn: () => this.#group.clock.runDeferred(),
    tick: () => this.#group.clock.advance(50),
    propose: () => this.#propose(),
    read: () => this.#read(),
    crashOrStart: () => this.#crashOrStart(),
    powerFailure: () => this.#powerFailure(),
    changeMembership: () => this.#changeMembership(),
    transfer: () => void this.#anyNode()?.transferLeadership(this.#random.pick(this.#all)).catch(ignore),
    cut: () => this.#group.network.cut(...this.#all.filter(() => this.#random.chance(30))),
    heal: () => this.#group.network.heal(),
  }
  #lastCommand = 0
  #violation: string | undefined

  constructor(random: RandomStream) {
    this.#random = random
    this.#voters = random.pick([[1], [1, 2], [1, 2, 3], [1, 2, 3], [1, 2, 3, 4, 5]])
    this.#all = [...this.#voters, this.#voters.length + 1]
    this.#table = drawTable(random)
    this.#group = new NodeGroup({
      voters: this.#voters,
      seed: random.integer(1_000_000),
      createMachine: () => new WitnessMachine(this.#applied),
      limits: {
        snapshotLogBytesMin: random.pick([200, 1_000, 1_000_000]),
        trailingEntryCount: random.pick([0, 3, 20]),
        uncommittedBytesMax: random.pick([300, 100_000]),
        promotionLagEntryCount: 1_000,
      },
      timing: { proposalTimeoutTicks: 60, readTimeoutTicks: 60, snapshotTimeoutTicks: 20, storageStallTicks: 25 },
    })
    this.#group.network.onSent = (message) => this.#observe(message)
  }

  async start(): Promise<void> {
    for (const id of this.#all) await this.#startNode(id)
  }

  async step(): Promise<void> {
    await this.#actions[this.#random.pick(this.#table)]()
    await settlePromises()
    this.#check()
  }

  /** With all faults gone everybody comes to the same state, and it is what the clients were told. */
  async recover(): Promise<void> {
    const group = this.#group
    group.network.heal()
    for (const id of this.#all) if (!group.lives.has(id)) await this.#startNode(id)
    for (const { store } of group.lives.values()) store.release()
    const leader = await group.leader()
    await group.finish(this.#untilTaken())
    const { voterConfigurations, learners } = group.node(leader.id).status()
    const members = [...voterConfigurations.flat(), ...learners]
    const length = (id: NodeId): number => group.commands(id).length
    await group.until(() => members.every((id) => length(id) === length(members[0] ?? 0)), 'equal states')
    this.#check()
    for (const id of members) this.#compare(id, members[0] ?? 0)
  }

  /** Proposes at whoever leads until somebody takes it, and everybody has it. */
  async #untilTaken(): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const leader = [...this.#group.lives.values()].find(({ node }) => node.status().role === 'Leader')
      const answer = (leader ?? this.#anyLife())?.node.propose(bytesOf('fresh'))
      const isTaken = await answer?.then(
        () => true,
        () => false,
      )
      if (isTaken === true) return
      await settlePromises()
    }
    violated('the healed group takes no proposal')
  }

  #compare(id: NodeId, other: NodeId): void {
    const commands = this.#group.commands(id)
    if (commands.join() !== this.#group.commands(other).join()) violated(`states of ${id} and ${other} differ`)
    const members = (one: NodeId): string => JSON.stringify(this.#group.node(one).membership)
    if (members(id) !== members(other)) violated(`memberships differ: ${members(id)} and ${members(other)}`)
    const counts = new Map<string, number>()
    for (const command of commands) counts.set(command, (counts.get(command) ?? 0) + 1)
    for (const command of this.acknowledged) {
      if (counts.get(command) !== 1) violated(`node ${id} has ${command} ${counts.get(command) ?? 0} times`)
    }
    for (const command of this.#dropped)
      if (counts.has(command)) violated(`${command} was dropped, and node ${id} has it`)
  }

  #propose(): void {
    const command = `p${++this.#lastCommand}`
    this.#anyNode()
      ?.propose(bytesOf(command))
      .then(
        () => void this.acknowledged.add(command),
        (error: unknown) => {
          if (error instanceof RaftError && error.code === 'RAFT_PROPOSAL_DROPPED') this.#dropped.add(command)
        },
      )
  }

  /** A read sees everything that was acknowledged before it began. */
  #read(): void {
    const life = this.#anyLife()
    const before = [...this.acknowledged]
    life?.node.readIndex().then(() => {
      this.reads++
      const seen = new Set(life.machine.commands)
      const missed = before.find((command) => !seen.has(command))
      if (missed !== undefined) this.#violation = `node ${life.node.id} read without ${missed}`
    }, ignore)
  }

  #changeMembership(): void {
    const leader = [...this.#group.lives.values()].find(({ node }) => node.status().role === 'Leader')
    const id = this.#random.pick(this.#all)
    const type = this.#random.pick(['addVoter', 'addLearner', 'remove'] as const)
    const change: ConfChange = { transition: 'auto', changes: [{ type, id }] }
    leader?.node.changeMembership(change).catch(ignore)
  }

  async #crashOrStart(): Promise<void> {
    const id = this.#random.pick(this.#all)
    if (this.#group.lives.has(id)) this.#crash(id)
    else await this.#startNode(id)
  }

  async #powerFailure(): Promise<void> {
    for (const id of this.#group.lives.keys()) this.#crash(id)
    for (const id of this.#all) await this.#startNode(id)
  }

  #crash(id: NodeId): void {
    this.crashes++
    this.#group.crash(id, this.#random.chance(50))
  }

  async #startNode(id: NodeId): Promise<void> {
    await this.#group.start(id)
    this.#group.life(id).store.isHeld = true
  }

  #anyLife() {
    return this.#group.lives.get(this.#random.pick(this.#all))
  }

  #anyNode() {
    return this.#anyLife()?.node
  }

  /** One vote of a node in a term, crashes included. */
  #observe({ type, from, to, term, reject }: Message): void {
    if (type !== 'VoteResponse' || reject) return
    const key = `${from} ${term}`
    const known = this.#votes.get(key) ?? to
    if (known !== to) this.#violation = `node ${from} voted for ${known} and ${to} in term ${term}`
    this.#votes.set(key, to)
  }

  #check(): void {
    for (const { node, fatal } of this.#group.lives.values()) {
      if (fatal[0] !== undefined) violated(fatal[0].message)
      const { role, term } = node.status()
      if (role !== 'Leader') continue
      const leader = this.#leaders.get(term) ?? node.id
      if (leader !== node.id) violated(`nodes ${leader} and ${node.id} both lead term ${term}`)
      this.#leaders.set(term, leader)
    }
    if (this.#violation !== undefined) violated(this.#violation)
  }
}

/** Sees that no index ever means two things. */
class WitnessMachine extends ListMachine {
  readonly #applied: Map<LogIndex, string>

  constructor(applied: Map<LogIndex, string>) {
    super()
    this.#applied = applied
  }

  override apply(command: Uint8Array, index: LogIndex): number {
    const text = textOf(command)
    const known = this.#applied.get(index) ?? text
    if (known !== text) violated(`${text} was applied at ${index}, elsewhere it was ${known}`)
    this.#applied.set(index, text)
    return super.apply(command, index)
  }
}

function ignore(): void {
  return undefined
}
