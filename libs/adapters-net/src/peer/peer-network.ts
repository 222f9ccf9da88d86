import type { LookupFunction } from 'node:net'
import { WalrusError, type Clock } from '@walrus/core'
import { isClusterId } from '@walrus/protocol'
import type { Message, NodeId, RaftTransport, RaftTransportEvents } from '@walrus/raft'
import { FlushQueue } from '../flush-queue.js'
import type { PeerContext } from './peer-context.js'
import type { PeerEvent } from './peer-event.js'
import { DEFAULT_PEER_LIMITS, DEFAULT_PEER_TIMINGS, type PeerLimits, type PeerTimings } from './peer-limits.js'
import { PeerListener } from './peer-listener.js'
import { PeerSenders } from './peer-senders.js'
import { RequestHandlers, type PeerAccess, type PeerRequestHandler } from './request-handlers.js'
import { RequestSender } from './request-sender.js'

export interface PeerNetworkOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Positive. */
  readonly nodeId: NodeId
  /** Empty: the node belongs to no cluster yet, and only asks and answers until `adoptCluster`. */
  readonly clusterId: string
  readonly clock: Clock
  /** In [0, 1): spreads the attempts to dial. */
  readonly random: () => number
  readonly onEvent: (event: PeerEvent) => void
  /** What differs from `DEFAULT_PEER_LIMITS`. */
  readonly limits?: Partial<PeerLimits>
  /** What differs from `DEFAULT_PEER_TIMINGS`. */
  readonly timings?: Partial<PeerTimings>
  /** Finds the addresses of a host, at every attempt to dial; the system's way unless told. */
  readonly lookup?: LookupFunction
}

/** What peers say to this node, and this node to them: messages of Raft, snapshots, requests. */
export interface PeerNetwork extends RaftTransport {
  /** Where it listens: host:port, with the port that was taken. */
  readonly address: string

  /** Takes the messages of Raft from now on; what comes before is lost, as anything may be. To be called once. */
  attach(events: RaftTransportEvents): void

  /**
   * The node belongs to this cluster from now on.
   * @throws WalrusError `INVALID_ARGUMENT` when it belongs to another one, or the id is none
   */
  adoptCluster(clusterId: string): void

  /** Answers requests of that kind (0 to 65,535) from now on. One handler for each kind. */
  handle(requestKind: number, access: PeerAccess, handler: PeerRequestHandler): void

  /**
   * Asks a node (by its id, if its address is known) or whoever listens at host:port, which need be no member.
   * Rejects with the `WalrusError` that its handler has thrown; with `NODE_REFUSED` when it is of another cluster; or with
   * `UNAVAILABLE` or `TIMED_OUT`: then it is not known whether the request was carried out. Answers come in any order.
   */
  request(target: NodeId | string, requestKind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>

  /**
   * Takes no more requests or connections, answers what was accepted, and ends all connections, by force after
   * `closeTimeoutMs`. What was asked and not answered is rejected, snapshots under way have not arrived. Idempotent.
   */
  close(): Promise<void>
}

/**
 * Listens for peers; resolves when the port is taken. Nothing is dialled before `setAddresses`.
 * @throws WalrusError `UNAVAILABLE` when the port cannot be taken, `INVALID_ARGUMENT` when the id of the cluster is none
 */
export async function openPeerNetwork(options: PeerNetworkOptions): Promise<PeerNetwork> {
  checkClusterId(options.clusterId)
  const network = new TcpPeerNetwork(options)
  await network.open()
  return network
}

class TcpPeerNetwork implements PeerNetwork {
  readonly #context: PeerContext
  readonly #handlers = new RequestHandlers()
  readonly #listener: PeerListener
  readonly #members = new Map<NodeId, PeerSenders>()
  /** By address. Each lives as long as it has something to ask. */
  readonly #strangers = new Map<string, RequestSender>()
  #events: RaftTransportEvents | undefined
  /** Messages for nodes without an address, to be told at the end of the turn. */
  readonly #unknown = new Set<NodeId>()
  #closed: Promise<void> | undefined

  constructor(options: PeerNetworkOptions) {
    this.#context = {
      identity: { nodeId: options.nodeId, clusterId: options.clusterId },
      clock: options.clock,
      random: options.random,
      lookup: options.lookup,
      limits: { ...DEFAULT_PEER_LIMITS, ...options.limits },
      timings: { ...DEFAULT_PEER_TIMINGS, ...options.timings },
      flushes: new FlushQueue(),
      onEvent: options.onEvent,
    }
    this.#listener = new PeerListener({
      context: this.#context,
      host: options.host,
      port: options.port,
      handlers: this.#handlers,
      onMessage: (message, data) => this.#receive(message, data),
      onCaller: (nodeId) => this.#members.get(nodeId)?.raft.link.hurry(),
    })
  }

  get address(): string {
    return this.#listener.address
  }

  open(): Promise<void> {
    return this.#listener.open()
  }

  attach(events: RaftTransportEvents): void {
    this.#events = events
  }

  adoptCluster(clusterId: string): void {
    checkClusterId(clusterId)
    const { identity } = this.#context
    if (identity.clusterId !== '' && identity.clusterId !== clusterId) {
      const reason = `this node belongs to cluster "${identity.clusterId}"`
      throw new WalrusError('INVALID_ARGUMENT', `Cannot adopt cluster "${clusterId}": ${reason}`)
    }
    identity.clusterId = clusterId
    for (const { raft } of this.#members.values()) raft.link.hurry()
  }

  handle(requestKind: number, access: PeerAccess, handler: PeerRequestHandler): void {
    this.#handlers.add(requestKind, access, handler)
  }

  send(message: Message): void {
    if (this.#closed !== undefined) return
    const member = this.#members.get(message.to)
    if (member !== undefined) return member.raft.send(message)
    if (this.#unknown.size === 0) this.#context.flushes.add({ flush: () => this.#tellUnknown() })
    this.#unknown.add(message.to)
  }

  sendSnapshot(message: Message, data: Uint8Array): Promise<boolean> {
    const member = this.#closed === undefined ? this.#members.get(message.to) : undefined
    return member?.snapshots.send(message, data) ?? Promise.resolve(false)
  }

  setAddresses(addresses: ReadonlyMap<NodeId, string>): void {
    if (this.#closed !== undefined) return
    for (const [nodeId, member] of this.#members) {
      if (addresses.has(nodeId)) continue
      this.#members.delete(nodeId)
      void member.close('it is no member any more')
      this.#listener.disconnect(nodeId, 'it is no member any more')
    }
    for (const [nodeId, address] of addresses) this.#place(nodeId, address)
  }

  async request(
    target: NodeId | string,
    requestKind: number,
    payload: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    if (this.#closed !== undefined) throw cannotAsk(target, 'this node closes')
    const sender = typeof target === 'string' ? this.#strangerAt(target) : this.#members.get(target)?.requests
    if (sender === undefined) throw cannotAsk(target, 'its address is not known')
    return sender.ask(requestKind, payload, timeoutMs)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const reason = 'this node closes'
    const outgoing = [...this.#members.values(), ...this.#strangers.values()]
    await Promise.all([this.#listener.close(), ...outgoing.map((sender) => sender.close(reason))])
  }

  #place(nodeId: NodeId, address: string): void {
    if (nodeId === this.#context.identity.nodeId) return
    const member = this.#members.get(nodeId)
    if (member !== undefined) return member.redirect(address)
    const onUnreachable = () => this.#tellUnreachable(nodeId)
    const added = new PeerSenders({ context: this.#context, nodeId, address, onUnreachable })
    this.#members.set(nodeId, added)
    added.raft.link.want()
  }

  #strangerAt(address: string): RequestSender {
    const known = this.#strangers.get(address)
    if (known !== undefined) return known
    const sender = new RequestSender(this.#context, { nodeId: 0, purpose: 'request', address }, () => {
      if (this.#strangers.delete(address)) void sender.close('nothing more to ask')
    })
    this.#strangers.set(address, sender)
    return sender
  }

  #receive(message: Message, snapshotData: Uint8Array | undefined): void {
    if (this.#closed !== undefined) return
    if (snapshotData === undefined) this.#events?.onMessage(message)
    else this.#events?.onMessage(message, snapshotData)
  }

  #tellUnknown(): void {
    const nodeIds = [...this.#unknown]
    this.#unknown.clear()
    for (const nodeId of nodeIds) this.#tellUnreachable(nodeId)
  }

  #tellUnreachable(nodeId: NodeId): void {
    if (this.#closed === undefined) this.#events?.onUnreachable(nodeId)
  }
}

function checkClusterId(clusterId: string): void {
  if (isClusterId(clusterId)) return
  const reason = 'only up to 64 visible ASCII characters are allowed'
  throw new WalrusError('INVALID_ARGUMENT', `Cannot use ${JSON.stringify(clusterId)} as the id of a cluster: ${reason}`)
}

function cannotAsk(target: NodeId | string, reason: string): WalrusError {
  const whom = typeof target === 'string' ? `"${target}"` : `node ${target}`
  return new WalrusError('UNAVAILABLE', `Cannot ask ${whom}: ${reason}`)
}
