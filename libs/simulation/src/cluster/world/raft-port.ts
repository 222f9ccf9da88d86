import type { NodeId } from '@walrus/core'
import { crc32, decodePeerFrame, encodePeerFrame, FRAME_HEADER_BYTES } from '@walrus/protocol'
import type { Message, RaftTransport, RaftTransportEvents } from '@walrus/raft'
import type { Links } from './links.js'
import type { SimulatedProcess } from './simulated-process.js'

export type RaftDirectory = Map<NodeId, RaftPort>

export interface RaftPortOptions {
  readonly nodeId: NodeId
  readonly process: SimulatedProcess
  readonly links: Links
  readonly directory: RaftDirectory
  readonly events: RaftTransportEvents
}

/** The messages of Raft of one life of a node, as real frames, over a network that loses, repeats and reorders them. */
export class RaftPort implements RaftTransport {
  readonly #options: RaftPortOptions
  #known: ReadonlySet<NodeId> = new Set()

  constructor(options: RaftPortOptions) {
    this.#options = options
    options.directory.set(options.nodeId, this)
  }

  send(message: Message): void {
    const { nodeId, links, directory, process, events } = this.#options
    const { to } = message
    if (!this.#known.has(to)) return process.defer(() => events.onUnreachable(to))
    const bytes = encodePeerFrame({ kind: 'raft', message }, crc32)
    links.carryDatagram(nodeId, to, () => directory.get(to)?.receive(bytes))
  }

  /** A copy of the data arrives, for the receiver to keep. */
  sendSnapshot(message: Message, data: Uint8Array): Promise<boolean> {
    const { nodeId, links, directory, process } = this.#options
    const { to } = message
    const bytes = encodePeerFrame({ kind: 'raft', message }, crc32)
    return new Promise((resolve) => {
      const carried = links.carryStream(nodeId, to, () => {
        const port = this.#known.has(to) ? directory.get(to) : undefined
        port?.receive(bytes, data.slice())
        links.carryStream(to, nodeId, () => process.run(() => resolve(port !== undefined)))
      })
      if (!carried) process.defer(() => resolve(false))
      void process.after(SNAPSHOT_TIMEOUT_MS, () => resolve(false))
    })
  }

  setAddresses(addresses: ReadonlyMap<NodeId, string>): void {
    this.#known = new Set(addresses.keys())
  }

  async close(): Promise<void> {
    this.vanish()
  }

  vanish(): void {
    const { nodeId, directory } = this.#options
    if (directory.get(nodeId) === this) directory.delete(nodeId)
  }

  /** For the port at the other end. */
  receive(bytes: Uint8Array, snapshotData?: Uint8Array): void {
    const { process, events } = this.#options
    process.run(() => {
      const frame = decodePeerFrame(bytes, FRAME_HEADER_BYTES, bytes.length, crc32)
      if (typeof frame === 'string' || frame.kind !== 'raft') throw new Error('a message of Raft cannot be read')
      if (snapshotData === undefined) events.onMessage(frame.message)
      else events.onMessage(frame.message, snapshotData)
    })
  }
}

const SNAPSHOT_TIMEOUT_MS = 2_000
