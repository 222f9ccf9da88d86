import { isStorageThread, type Message } from '../../core/message.js'
import { type StepResult } from '../../core/step.js'
import { type NodeId, type Snapshot } from '../../core/types.js'
import {
  describeEntries,
  describeMessage,
  describeReady,
  printed,
  printedAppend,
  printedApply,
} from '../describe-message.js'
import { Output } from './output.js'
import { ScenarioLog } from './scenario-log.js'
import { ScenarioNode, type NodeOptions } from './scenario-node.js'

/** To whom messages are delivered, or whose messages are lost. */
export interface Recipient {
  readonly id: NodeId
  readonly drop: boolean
}

const electionTimeoutTicks = 3
const heartbeatTimeoutTicks = 1

/** Nodes and the messages between them. Messages wait in the order in which they were sent until a directive moves them. */
export class Environment {
  readonly output = new Output()
  readonly nodes: ScenarioNode[] = []
  messages: Message[] = []

  addNode(start: Snapshot, options: NodeOptions): void {
    const id = this.nodes.length + 1
    const config = {
      electionTimeoutTicks,
      heartbeatTimeoutTicks,
      // Timeouts that matter are set by the scenario.
      random: (bound: number) => id % bound,
      inflightMessagesMax: Number.MAX_SAFE_INTEGER,
      asyncStorageWrites: false,
      checkQuorum: false,
      preVote: false,
      stepDownOnRemoval: false,
      transferBeforeRemoval: false,
      shareCommitInVotes: false,
      ...options,
      id,
      log: new ScenarioLog(start),
      trace: (event: Parameters<Output['event']>[1]) => this.output.event(id, event),
    }
    this.nodes.push(new ScenarioNode(config))
  }

  node(id: NodeId): ScenarioNode {
    const node = this.nodes[id - 1]
    if (node === undefined) throw new Error(`there is no node ${id}`)
    return node
  }

  processReady(node: ScenarioNode): void {
    const ready = node.core.ready()
    this.output.print(describeReady(node.id, ready))
    this.messages.push(...node.handle(ready))
    if (!node.isAsynchronous) node.core.advance()
  }

  /** False: nothing waits. */
  processAppend(node: ScenarioNode): boolean {
    const work = node.appendWork.shift()
    if (work === undefined) return false
    const message = printedAppend(node.id, work)
    this.output.print(`Processing:\n${describeMessage({ ...message, responses: [] })}`)
    node.log.write(work)
    this.#respond(work.responses)
    return true
  }

  /** False: nothing waits. */
  processApply(node: ScenarioNode): boolean {
    const work = node.applyWork.shift()
    if (work === undefined) return false
    const message = printedApply(node.id, work)
    this.output.print(`Processing:\n${describeMessage({ ...message, responses: [] })}`)
    node.apply(work.entries)
    this.#respond(work.responses)
    return true
  }

  /** Delivers or loses messages, of one type or (undefined) of all. Returns how many it found. */
  deliver(recipients: readonly Recipient[], type?: Message['type']): number {
    let count = 0
    for (const { id, drop } of recipients) {
      const found = this.messagesTo(id, drop, type)
      const taken = new Set(found)
      this.messages = this.messages.filter((message) => !taken.has(message))
      count += found.length
      for (const message of found) this.#deliverOne(message, drop)
    }
    return count
  }

  /** What waits for `id`. What a node and its storage tell each other cannot be lost. */
  messagesTo(id: NodeId, drop: boolean, type?: Message['type']): readonly Message[] {
    return this.messages.filter(
      (message) => message.to === id && !(drop && isInternal(message)) && (type === undefined || message.type === type),
    )
  }

  /** Lets all nodes work and all messages arrive until nothing is left to do. */
  stabilize(nodes: readonly ScenarioNode[]): void {
    const all = nodes.length > 0 ? nodes : this.nodes
    while (this.#stabilizeOnce(all)) continue
  }

  printLog(node: ScenarioNode): void {
    const first = node.log.firstIndex()
    const last = node.log.lastIndex()
    if (last < first) {
      this.output.print(`log is empty: first index=${first}, last index=${last}`)
      return
    }
    this.output.print(describeEntries(node.log.entries(first, last + 1, Number.POSITIVE_INFINITY) ?? []))
  }

  printStepResult(result: StepResult): void {
    if (result.kind === 'dropped') this.output.print('raft proposal dropped')
    else if (result.kind === 'refused') this.output.print(describeRefusedStep(result.reason))
  }

  #deliverOne(message: Message, drop: boolean): void {
    this.output.print(`${drop ? 'dropped: ' : ''}${describeMessage(printed(message))}`)
    if (!drop) this.printStepResult(this.node(message.to).core.step(message))
  }

  #respond(responses: readonly Message[]): void {
    const lines = responses.map((response) => `\n${describeMessage(printed(response))}`)
    this.output.print(`Responses:${lines.join('')}`)
    this.messages.push(...responses)
  }

  #stabilizeOnce(nodes: readonly ScenarioNode[]): boolean {
    let busy = false
    const work = (node: ScenarioNode, title: string, handle: () => void) => {
      busy = true
      this.output.print(`> ${node.id} ${title}`)
      this.output.indented(handle)
    }
    for (const node of nodes) {
      if (node.core.hasReady()) work(node, 'handling Ready', () => this.processReady(node))
    }
    for (const node of nodes) {
      if (this.messagesTo(node.id, false).length > 0) {
        work(node, 'receiving messages', () => this.deliver([{ id: node.id, drop: false }]))
      }
    }
    for (const node of nodes) {
      if (node.appendWork.length > 0) work(node, 'processing append thread', () => all(() => this.processAppend(node)))
    }
    for (const node of nodes) {
      if (node.applyWork.length > 0) work(node, 'processing apply thread', () => all(() => this.processApply(node)))
    }
    return busy
  }
}

function all(workOnce: () => boolean): void {
  while (workOnce()) continue
}

function isInternal({ from, to }: Message): boolean {
  return from === to || isStorageThread(from)
}

function describeRefusedStep(reason: Extract<StepResult, { readonly kind: 'refused' }>['reason']): string {
  switch (reason) {
    case 'unknown-peer':
      return 'raft: cannot step as peer not found'
    case 'local-message':
      return 'raft: cannot step raft local message'
    case 'malformed-message':
      return 'raft: cannot step malformed message'
  }
}
