import { type Message } from '../core/message.js'
import { emptyBytes, type NodeId } from '../core/types.js'
import { Environment } from '../scenarios/interaction/environment.js'
import { type NodeOptions, type ScenarioNode } from '../scenarios/interaction/scenario-node.js'
import { confStateOf } from './node-fixture.js'

/** A group of nodes and a network that can be cut, without text. */
export class GroupFixture {
  readonly environment = new Environment()
  /** Messages for which it says true are lost. */
  isLost: (message: Message) => boolean = () => false

  constructor(voterCount: number, options: NodeOptions = {}, learnerCount = 0) {
    const ids = Array.from({ length: voterCount + learnerCount }, (_, at) => at + 1)
    this.environment.output.setLevel('NONE')
    const confState = confStateOf(ids.slice(0, voterCount), ids.slice(voterCount))
    const start = { index: 2, term: 1, confState, data: emptyBytes }
    const nodeOptions = { appliedIndex: 2, electionTimeoutTicks: 10, ...options }
    ids.forEach(() => this.environment.addNode(start, nodeOptions))
  }

  node(id: NodeId): ScenarioNode {
    return this.environment.node(id)
  }

  /** Delivers and handles everything until nothing is left. */
  settle(): void {
    for (let round = 0; round < 1_000; round++) {
      this.environment.messages = this.environment.messages.filter((message) => !this.isLost(message))
      const before = this.environment.messages.length
      const busy = this.#workOnce()
      if (!busy && before === 0) return
    }
    throw new Error('the group does not come to rest')
  }

  elect(id: NodeId): void {
    this.node(id).core.campaign()
    this.settle()
  }

  tick(id: NodeId, count = 1): void {
    for (let done = 0; done < count; done++) {
      this.node(id).core.tick()
      this.settle()
    }
  }

  tickAll(count = 1): void {
    for (let done = 0; done < count; done++) {
      for (const node of this.environment.nodes) node.core.tick()
      this.settle()
    }
  }

  /** Nothing goes between `ids` and the others. */
  cut(...ids: readonly NodeId[]): void {
    this.isLost = ({ from, to }) => ids.includes(from) !== ids.includes(to)
  }

  heal(): void {
    this.isLost = () => false
  }

  /** Who believes to lead in the highest term; 0 is nobody. */
  leader(): NodeId {
    const leaders = this.environment.nodes.map(({ core }) => core.status()).filter(({ role }) => role === 'leader')
    return leaders.sort((left, right) => right.term - left.term)[0]?.id ?? 0
  }

  #workOnce(): boolean {
    let busy = false
    for (const node of this.environment.nodes) {
      if (!node.core.hasReady()) continue
      busy = true
      this.environment.processReady(node)
      while (this.environment.processAppend(node)) continue
      while (this.environment.processApply(node)) continue
    }
    this.environment.messages = this.environment.messages.filter((message) => !this.isLost(message))
    for (const node of this.environment.nodes) this.environment.deliver([{ id: node.id, drop: false }])
    return busy
  }
}
