import type { Message, NodeId, RaftTransport } from '@walrus/raft'
import { markedHeartbeat } from '../every-raft-message.js'
import type { RaftTransportPlace, RaftTransportSuiteOptions } from './suite-options.js'

/** One transport of a test, with everything that it has told its node. */
export class TestNode {
  readonly nodeId: NodeId
  readonly address: string
  readonly transport: RaftTransport
  readonly heard: Heard

  constructor(nodeId: NodeId, address: string, transport: RaftTransport, heard: Heard) {
    this.nodeId = nodeId
    this.address = address
    this.transport = transport
    this.heard = heard
  }
}

/** What a transport has told its node, in order. */
export class Heard {
  readonly messages: Message[] = []
  readonly snapshots: { readonly message: Message; readonly data: Uint8Array }[] = []
  readonly unreachable: NodeId[] = []
  /** Set while a test calls the transport, in which case nothing may be told. */
  insideCall = false
  toldInsideCall = false

  /** The marks of the heartbeats from that node. */
  marksFrom(nodeId: NodeId): readonly number[] {
    const from = this.messages.filter((message) => message.from === nodeId && message.type === 'Heartbeat')
    return from.map(({ context }) => context)
  }
}

/** The place and the nodes of the test that runs. */
export class Fixture {
  readonly #options: RaftTransportSuiteOptions
  #place: RaftTransportPlace | undefined
  #nodes: TestNode[] = []
  #lastMark = 0

  constructor(options: RaftTransportSuiteOptions) {
    this.#options = options
  }

  async begin(): Promise<void> {
    this.#place = await this.#options.place()
    this.#nodes = []
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.map(({ transport }) => transport.close()))
    await this.#place?.remove()
  }

  async open(nodeId: NodeId, clusterId = 'blue', address?: string): Promise<TestNode> {
    if (this.#place === undefined) throw new Error('No test is running')
    const heard = new Heard()
    const tell = (event: () => void) => {
      heard.toldInsideCall ||= heard.insideCall
      event()
    }
    const opened = await this.#place.open(
      { nodeId, clusterId, address },
      {
        onMessage: (message, data) =>
          tell(() => (data === undefined ? heard.messages.push(message) : heard.snapshots.push({ message, data }))),
        onUnreachable: (id) => tell(() => heard.unreachable.push(id)),
      },
    )
    const node = new TestNode(nodeId, opened.address, opened.transport, heard)
    this.#nodes.push(node)
    return node
  }

  /** Nodes 1 and 2, each with the address of both. */
  async openPair(): Promise<readonly [TestNode, TestNode]> {
    const pair = [await this.open(1), await this.open(2)] as const
    introduce(...pair)
    return pair
  }

  /** Sends heartbeats until one arrives: from then on the two are connected. */
  async connect(from: TestNode, to: TestNode): Promise<void> {
    const firstMark = this.#lastMark + 1
    await until(
      () => to.heard.marksFrom(from.nodeId).some((mark) => mark >= firstMark),
      () => from.transport.send(markedHeartbeat(from.nodeId, to.nodeId, ++this.#lastMark)),
    )
  }

  /** A mark that no heartbeat of this test has. */
  nextMark(): number {
    return ++this.#lastMark
  }
}

/** Gives all of them the addresses of all. */
export function introduce(...nodes: readonly TestNode[]): void {
  const addresses = new Map(nodes.map(({ nodeId, address }) => [nodeId, address]))
  for (const { transport } of nodes) transport.setAddresses(addresses)
}

/** Waits until the condition holds, and does something now and then that brings it about. Mocha's timeout is the limit. */
export async function until(condition: () => boolean, nudge: () => void = () => undefined): Promise<void> {
  while (!condition()) {
    nudge()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
