import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Hello, Refusal } from '@walrus/protocol'
import type { Message, NodeId } from '@walrus/raft'
import { hostAndPort, listen } from '../listen.js'
import { refusalOf } from './handshake-rules.js'
import { IncomingPeer } from './incoming-peer.js'
import { bulkRole, raftRole, requestRole, type IncomingRole } from './incoming-roles.js'
import type { PeerChannel } from './peer-channel.js'
import type { PeerContext } from './peer-context.js'
import type { RequestHandlers } from './request-handlers.js'
import { SnapshotSlots } from './snapshot-receiver.js'

export interface PeerListenerOptions {
  readonly context: PeerContext
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly handlers: RequestHandlers
  readonly onMessage: (message: Message, snapshotData?: Uint8Array) => void
  /** A node has introduced itself, so it can be reached. */
  readonly onCaller: (nodeId: NodeId) => void
}

/** The port that other nodes dial, and the connections that came from it. */
export class PeerListener {
  address = ''
  readonly #options: PeerListenerOptions
  readonly #server: Server
  readonly #slots: SnapshotSlots
  /** Those that are known. */
  readonly #peers = new Set<IncomingPeer>()
  /** Those that have not introduced themselves, the oldest first. */
  readonly #strangers = new Set<IncomingPeer>()

  constructor(options: PeerListenerOptions) {
    this.#options = options
    this.#slots = new SnapshotSlots(options.context.limits.maxIncomingSnapshots)
    this.#server = createServer({ noDelay: true })
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  /** @throws WalrusError `UNAVAILABLE` when the port cannot be taken */
  async open(): Promise<void> {
    const { context, host, port } = this.#options
    this.address = await listen(this.#server, { host, port, callers: 'peers' })
    this.#server.on('error', (error) => context.onEvent({ kind: 'accept-failed', error }))
  }

  /** Cuts what the node sends for consensus. It may dial again: whether it is listened to is for the core to decide. */
  disconnect(nodeId: NodeId, reason: string): void {
    for (const peer of this.#peers) {
      const { hello } = peer
      if (hello?.nodeId === nodeId && hello.purpose !== 'request') peer.cut(reason)
    }
  }

  /** Takes no further connection, answers what was received, and cuts what is still there after `closeTimeoutMs`. */
  async close(): Promise<void> {
    const reason = 'this node closes'
    const closed = once(this.#server, 'close')
    this.#server.close()
    const everybody = [...this.#peers, ...this.#strangers]
    const { clock, timings } = this.#options.context
    const cut = clock.after(timings.closeTimeoutMs, () => everybody.forEach((peer) => peer.cut(reason)))
    await Promise.all([closed, ...everybody.map((peer) => peer.close(reason))])
    cut.cancel()
  }

  #accept(socket: Socket): void {
    const stranger = new IncomingPeer({
      context: this.#options.context,
      socket,
      remote: hostAndPort(socket.remoteAddress ?? '?', socket.remotePort ?? 0),
      judge: (peer, hello, channel) => this.#judge(peer, hello, channel),
      onClosed: (peer) => {
        this.#strangers.delete(peer)
        this.#peers.delete(peer)
      },
    })
    this.#strangers.add(stranger)
    const [oldest] = this.#strangers
    if (this.#strangers.size > STRANGERS_MAX) oldest?.cut('too many connections wait for their handshake')
  }

  #judge(peer: IncomingPeer, hello: Hello, channel: PeerChannel): IncomingRole | Refusal {
    const { context, onCaller } = this.#options
    const { maxConnections } = context.limits
    const refusal = refusalOf(hello, context.identity)
    if (refusal !== undefined) return refusal
    // The older one is dead, and its end has not been noticed here. Askers are spared: one with a borrowed id harms nobody.
    if (hello.purpose !== 'request') this.#replace(hello)
    if (this.#peers.size >= maxConnections) {
      return { kind: 'refusal', cause: 'busy', reason: `${maxConnections} connections are open` }
    }
    this.#strangers.delete(peer)
    this.#peers.add(peer)
    if (hello.purpose === 'raft') onCaller(hello.nodeId)
    return this.#roleOf(hello, channel, peer.remote)
  }

  #replace({ nodeId, purpose }: Hello): void {
    for (const peer of this.#peers) {
      const { hello } = peer
      if (hello?.nodeId !== nodeId || hello.purpose !== purpose) continue
      peer.cut('the node has connected again')
      this.#peers.delete(peer)
    }
  }

  #roleOf({ purpose, nodeId, clusterId }: Hello, channel: PeerChannel, remote: string): IncomingRole {
    const { context, handlers, onMessage } = this.#options
    switch (purpose) {
      case 'raft':
        return raftRole({ context, channel, nodeId, onMessage })
      case 'bulk':
        return bulkRole({ context, channel, nodeId, onMessage, slots: this.#slots })
      case 'request':
        return requestRole({ context, channel, handlers, caller: { nodeId, clusterId, remote } })
    }
  }
}

/** More than a cluster has nodes; those who are real introduce themselves at once. */
const STRANGERS_MAX = 64
