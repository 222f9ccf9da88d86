import { WalrusError, type Clock } from '@walrus/core'
import type { Message, NodeId, RaftTransport, RaftTransportEvents } from '@walrus/raft'
import type { Random } from './seeded-random.js'

/** What the network does to messages. Each of a pair of copies has its own fate and delay. */
export interface NetworkFaults {
  /** Between 0 and 1. */
  readonly lossProbability: number
  /** Between 0 and 1. */
  readonly duplicateProbability: number
  /** A message takes from 0 to this long, so a later one may overtake it. 0: in order. */
  readonly delayMsMax: number
}

/** A network that loses nothing and keeps the order. */
export const NO_NETWORK_FAULTS: NetworkFaults = { lossProbability: 0, duplicateProbability: 0, delayMsMax: 0 }

export interface MemoryRaftNetworkOptions {
  readonly clock: Clock
  readonly random: Random
  /** `NO_NETWORK_FAULTS` unless told. */
  readonly faults?: NetworkFaults
}

/** What a node says about itself when it joins a `MemoryRaftNetwork`. */
export interface MemoryEndpoint {
  readonly nodeId: NodeId
  /** Anything that no other open transport has. */
  readonly address: string
  /** Nodes of different clusters do not hear each other. */
  readonly clusterId: string
}

/**
 * Transports that reach each other in memory: the readable definition of `RaftTransport`, and a network that does to
 * messages what a test wants. With the same seed and the same calls it does the same.
 */
export class MemoryRaftNetwork {
  /** May be changed at any time, for what is sent from then on. */
  faults: NetworkFaults
  readonly #clock: Clock
  readonly #random: Random
  readonly #transports = new Map<string, MemoryRaftTransport>()
  readonly #cutLinks = new Set<string>()

  constructor({ clock, random, faults = NO_NETWORK_FAULTS }: MemoryRaftNetworkOptions) {
    this.#clock = clock
    this.#random = random
    this.faults = faults
  }

  /** @throws WalrusError `UNAVAILABLE` when the address is taken */
  open(endpoint: MemoryEndpoint, events: RaftTransportEvents): RaftTransport {
    const { address } = endpoint
    if (this.#transports.has(address)) {
      throw new WalrusError('UNAVAILABLE', `Cannot listen for peers on "${address}": the address is in use`)
    }
    const transport = new MemoryRaftTransport(this, endpoint, events)
    this.#transports.set(address, transport)
    return transport
  }

  /** Lets nothing through from one node to another, in this direction only, not even what is on its way. */
  cut(from: NodeId, to: NodeId): void {
    this.#cutLinks.add(`${from}>${to}`)
  }

  /** Lets everything through again. */
  heal(): void {
    this.#cutLinks.clear()
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cutLinks.has(`${from}>${to}`)
  }

  at(address: string | undefined): MemoryRaftTransport | undefined {
    return address === undefined ? undefined : this.#transports.get(address)
  }

  release(address: string): void {
    this.#transports.delete(address)
  }

  /** Carries something once, never, or twice; later in any case, never from within this call. */
  carry(arrive: () => void, lost: () => void): void {
    const { lossProbability, duplicateProbability, delayMsMax } = this.faults
    const copies = this.#random() < duplicateProbability ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const task = this.#random() < lossProbability ? lost : arrive
      if (delayMsMax === 0) this.#clock.defer(task)
      else this.#clock.after(this.#random() * delayMsMax, task)
    }
  }

  defer(task: () => void): void {
    this.#clock.defer(task)
  }
}

class MemoryRaftTransport implements RaftTransport {
  readonly endpoint: MemoryEndpoint
  readonly #network: MemoryRaftNetwork
  readonly #events: RaftTransportEvents
  #addresses: ReadonlyMap<NodeId, string> = new Map()
  #closed = false

  constructor(network: MemoryRaftNetwork, endpoint: MemoryEndpoint, events: RaftTransportEvents) {
    this.#network = network
    this.endpoint = endpoint
    this.#events = events
  }

  send(message: Message): void {
    if (this.#closed) return
    if (this.#peer(message.to) === undefined) return this.#network.defer(() => this.#unreachable(message.to))
    this.#network.carry(
      () => void this.#deliver(message),
      () => undefined,
    )
  }

  /** A copy of the data arrives, for the receiver to keep. */
  sendSnapshot(message: Message, data: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#network.carry(
        () => resolve(this.#deliver(message, data.slice())),
        () => resolve(false),
      )
    })
  }

  setAddresses(addresses: ReadonlyMap<NodeId, string>): void {
    this.#addresses = new Map(addresses)
  }

  close(): Promise<void> {
    if (!this.#closed) this.#network.release(this.endpoint.address)
    this.#closed = true
    return Promise.resolve()
  }

  receive(message: Message, snapshotData: Uint8Array | undefined): void {
    if (snapshotData === undefined) this.#events.onMessage(message)
    else this.#events.onMessage(message, snapshotData)
  }

  /** Who is reached is decided at arrival: by then the peer may be gone, moved, removed or cut off. */
  #deliver(message: Message, snapshotData?: Uint8Array): boolean {
    const peer = this.#closed ? undefined : this.#peer(message.to)
    if (peer === undefined || this.#network.isCut(this.endpoint.nodeId, message.to)) return false
    peer.receive(message, snapshotData)
    return true
  }

  #peer(nodeId: NodeId): MemoryRaftTransport | undefined {
    const peer = this.#network.at(this.#addresses.get(nodeId))
    if (peer === undefined || peer.endpoint.nodeId !== nodeId) return undefined
    return peer.endpoint.clusterId === this.endpoint.clusterId ? peer : undefined
  }

  #unreachable(nodeId: NodeId): void {
    if (!this.#closed) this.#events.onUnreachable(nodeId)
  }
}
