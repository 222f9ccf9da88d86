import type { Socket } from 'node:net'
import { PEER_PROTOCOL_VERSION, type Hello, type PeerFault, type PeerFrame, type Refusal } from '@walrus/protocol'
import type { IncomingRole } from './incoming-roles.js'
import { PeerChannel, type PeerChannelOwner } from './peer-channel.js'
import type { PeerContext } from './peer-context.js'

export interface IncomingPeerOptions {
  readonly context: PeerContext
  readonly socket: Socket
  /** host:port that it comes from. */
  readonly remote: string
  /** Takes the connection, and says what it does from now on; or refuses it. */
  readonly judge: (peer: IncomingPeer, hello: Hello, channel: PeerChannel) => IncomingRole | Refusal
  readonly onClosed: (peer: IncomingPeer) => void
}

/** A connection from outside: a stranger until it has introduced itself, then one of the three roles. */
export class IncomingPeer implements PeerChannelOwner {
  readonly remote: string
  readonly #options: IncomingPeerOptions
  readonly #channel: PeerChannel
  #hello: Hello | undefined
  #role: IncomingRole | undefined
  /** It was told that it is not taken. */
  #refused = false
  /** It is ending: nothing more is taken. */
  #ending = false
  #closed = false
  #whenClosed: (() => void) | undefined

  constructor(options: IncomingPeerOptions) {
    this.remote = options.remote
    this.#options = options
    this.#channel = new PeerChannel(options.socket, options.context, this)
  }

  /** Who it is, once it is taken. */
  get hello(): Hello | undefined {
    return this.#hello
  }

  onFrame(frame: PeerFrame): void {
    if (this.#ending) return
    if (this.#role === undefined) this.#receiveHello(frame)
    else if (frame.kind === 'ping') this.#echo(frame.sequence)
    else if (!this.#role.receive(frame)) this.#channel.fail(`"${frame.kind}" does not belong on this connection`)
  }

  onFault(fault: PeerFault): boolean {
    if (fault !== 'version' || this.#role !== undefined) return false
    this.#refuse({ kind: 'refusal', cause: 'version', reason: `this node speaks version ${PEER_PROTOCOL_VERSION}` })
    return true
  }

  onDrain(): void {
    this.#role?.onDrain()
  }

  onClosed(reason: string): void {
    const { context, onClosed } = this.#options
    this.#closed = true
    this.#role?.close()
    this.#whenClosed?.()
    if (this.#hello !== undefined) {
      const { nodeId, purpose } = this.#hello
      context.onEvent({ kind: 'connection-closed', nodeId, purpose, remote: this.remote, reason })
    } else if (!this.#refused) {
      context.onEvent({ kind: 'handshake-failed', remote: this.remote, reason })
    }
    onClosed(this)
  }

  /** Cuts the connection. */
  cut(reason: string): void {
    this.#channel.fail(reason)
  }

  /** Answers what was received, then ends the connection. Resolves when it is gone. */
  async close(reason: string): Promise<void> {
    this.#ending = true
    if (this.#role === undefined) this.cut(reason)
    await this.#role?.whenIdle()
    this.#channel.end(reason)
    if (!this.#closed) await new Promise<void>((resolve) => (this.#whenClosed = resolve))
  }

  #receiveHello(frame: PeerFrame): void {
    if (frame.kind !== 'hello') return this.#channel.fail(`"${frame.kind}" instead of a handshake`)
    const { context, judge } = this.#options
    const verdict = judge(this, frame, this.#channel)
    if ('kind' in verdict) return this.#refuse(verdict)
    this.#hello = frame
    this.#role = verdict
    const { limits } = context
    const isStranger = frame.clusterId === '' || frame.clusterId !== context.identity.clusterId
    this.#channel.establish(isStranger ? limits.maxStrangerFrameBytes : limits.maxFrameBytes)
    this.#channel.send({ kind: 'welcome', ...context.identity })
    context.onEvent({ kind: 'connection-opened', nodeId: frame.nodeId, purpose: frame.purpose, remote: this.remote })
  }

  #refuse(refusal: Refusal): void {
    const { cause, reason } = refusal
    this.#refused = true
    this.#options.context.onEvent({ kind: 'connection-refused', remote: this.remote, cause, reason })
    this.#channel.send(refusal)
    this.#channel.end(reason)
  }

  #echo(sequence: number): void {
    if (!this.#channel.isFull) this.#channel.send({ kind: 'pong', sequence })
  }
}
