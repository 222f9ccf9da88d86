import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelRaftLog } from '@walrus/adapters-level'
import {
  emptyConfState,
  RaftNode,
  type Message,
  type NodeId,
  type RaftClock,
  type RaftTransport,
  type StateMachine,
} from '@walrus/raft'

/** Members of one group in this process, each with a log of its own on the disk. */
export class RaftGroup {
  readonly #nodes: readonly RaftNode<number>[]
  readonly #folder: string

  private constructor(nodes: readonly RaftNode<number>[], folder: string) {
    this.#nodes = nodes
    this.#folder = folder
  }

  /** Starts the group in an empty folder below `folder`, and waits until it has a leader. */
  static async start(folder: string, size: number): Promise<RaftGroup> {
    const path = join(folder, 'raft')
    await rm(path, { recursive: true, force: true })
    const receivers = new Map<NodeId, RaftNode<number>>()
    const ids = Array.from({ length: size }, (_, at) => at + 1)
    const starting = ids.map(async (id) => {
      const node = await RaftNode.start<number>({
        id,
        store: await openLevelRaftLog({ directory: join(path, String(id)), nodeId: id }),
        transport: transportOver(receivers),
        stateMachine: new Counter(),
        clock,
        random: (bound) => Math.floor(Math.random() * bound),
        bootstrap: { ...emptyConfState, voters: ids },
        events: {
          onFatal: (error) => {
            throw error
          },
        },
      })
      receivers.set(id, node)
      return node
    })
    const group = new RaftGroup(await Promise.all(starting), path)
    await Promise.all(group.#nodes.map((node) => node.readIndex()))
    return group
  }

  get leader(): RaftNode<number> {
    const leader = this.#nodes.find((node) => node.status().role === 'Leader')
    if (leader === undefined) throw new Error('The group has lost its leader')
    return leader
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Its timers keep the process alive: during an election nothing else does. */
const clock: RaftClock = {
  defer: (task) => void setImmediate(task),
  after: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds)
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Messages arrive in the next turn of the event loop, as from a socket. */
function transportOver(receivers: ReadonlyMap<NodeId, RaftNode<number>>): RaftTransport {
  const deliver = (message: Message, data?: Uint8Array): void => receivers.get(message.to)?.receive(message, data)
  return {
    send: (message) => void setImmediate(deliver, message),
    sendSnapshot: async (message, data) => {
      deliver(message, data)
      return true
    },
    setAddresses: () => undefined,
    close: async () => undefined,
  }
}

class Counter implements StateMachine<number> {
  #count = 0

  apply(): number {
    return ++this.#count
  }

  snapshot(): readonly Uint8Array[] {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, this.#count)
    return [bytes]
  }

  restore(data: Uint8Array): void {
    this.#count = new DataView(data.buffer, data.byteOffset).getFloat64(0)
  }
}
