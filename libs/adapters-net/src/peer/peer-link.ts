import { connect, type Socket } from 'node:net'
import type { Timer } from '@walrus/core'
import type { PeerFrame, Refusal, RefusalCause, Welcome } from '@walrus/protocol'
import { backoffDelayMs } from './backoff.js'
import { mistakenPeer } from './handshake-rules.js'
import { parsePeerAddress } from './peer-address.js'
import { PeerChannel } from './peer-channel.js'
import type { PeerContext } from './peer-context.js'
import type { DialledPeer } from './peer-event.js'

/** What a link tells whoever uses it. */
export interface PeerLinkUser {
  /** The other side is known, and takes frames. */
  onOpen(): void
  onFrame(frame: PeerFrame): void
  /** Output has left, and the channel is not full. */
  onDrain(): void
  /**
   * There is no connection any more, or an attempt to get one has failed; whatever was not answered is lost. `cause`: one of
   * the two sides does not want it.
   */
  onDown(reason: string, cause?: RefusalCause): void
}

export interface PeerLinkOptions {
  readonly context: PeerContext
  readonly peer: DialledPeer
  /** True: it dials by itself, again and again. False: only when somebody wants it, until the next failure. */
  readonly persistent: boolean
  readonly user: PeerLinkUser
}

/**
 * idle: nobody wants it; dialling: from looking the name up to the welcome; open: frames flow; waiting: until it may dial
 * again; closed: for good.
 */
type LinkState = 'idle' | 'dialling' | 'open' | 'waiting' | 'closed'

/** One connection to one peer for one purpose, dialled by this node and dialled again when it breaks. */
export class PeerLink {
  readonly #context: PeerContext
  readonly #persistent: boolean
  readonly #user: PeerLinkUser
  #peer: DialledPeer
  /** The peer as it was dialled last: its address may be another by now. */
  #dialled: DialledPeer
  #state: LinkState = 'idle'
  #wanted: boolean
  #channel: PeerChannel | undefined
  /** Attempts in a row that have led to nothing that lasted. */
  #failedCount = 0
  /** Why the last attempt was refused, if it was. */
  #refusalCause: RefusalCause | undefined
  /** The peer has said so itself, and that was told. */
  #isRefused = false
  #timer: Timer | undefined
  #gone: Promise<void> | undefined
  #whenGone: (() => void) | undefined

  constructor({ context, peer, persistent, user }: PeerLinkOptions) {
    this.#context = context
    this.#peer = peer
    this.#dialled = peer
    this.#persistent = persistent
    this.#wanted = persistent
    this.#user = user
  }

  /** The channel, while frames may be sent on it. */
  get channel(): PeerChannel | undefined {
    return this.#state === 'open' ? this.#channel : undefined
  }

  /** False while the peer is known not to be reached: what is sent now would wait for the next attempt. */
  get isPromising(): boolean {
    return this.#state === 'open' || this.#state === 'dialling' || this.#state === 'idle'
  }

  /** Asks for a connection. While the link waits, it is dialled when the wait is over. */
  want(): void {
    this.#wanted = true
    if (this.#state === 'idle') this.#dial()
  }

  /** Dials at once instead of waiting any longer: there is a sign that the peer is back. */
  hurry(): void {
    if (this.#state === 'waiting') this.#endWait()
  }

  /** Goes to another address from now on. */
  redirect(address: string): void {
    if (address === this.#peer.address) return
    this.#channel?.fail(`its address is ${address} now`)
    this.#peer = { ...this.#peer, address }
    this.#failedCount = 0
    this.hurry()
  }

  /** Breaks the connection, if there is one. */
  break(reason: string): void {
    this.#channel?.fail(reason)
  }

  /** Dials no more, and ends the connection once its output has left, or some time later. Resolves when it is gone. Idempotent. */
  close(reason: string): Promise<void> {
    this.#gone ??= this.#close(reason)
    return this.#gone
  }

  async #close(reason: string): Promise<void> {
    this.#timer?.cancel()
    const channel = this.#channel
    const wasOpen = this.#state === 'open'
    this.#state = 'closed'
    if (channel === undefined) return
    const gone = new Promise<void>((resolve) => (this.#whenGone = resolve))
    if (wasOpen) channel.end(reason)
    else channel.fail(reason)
    const { clock, timings } = this.#context
    const cut = clock.after(timings.closeTimeoutMs, () => channel.fail(reason))
    await gone
    cut.cancel()
  }

  #dial(): void {
    this.#dialled = this.#peer
    this.#refusalCause = undefined
    this.#isRefused = false
    this.#state = 'dialling'
    const address = parsePeerAddress(this.#peer.address)
    if (address === undefined) return this.#giveUp('the address is not host:port')
    const { lookup } = this.#context
    const socket = connect({ ...address, ...(lookup && { lookup }), noDelay: true })
    this.#attach(socket)
    socket.once('connect', () => this.#sayHello())
  }

  #giveUp(reason: string): void {
    this.#attemptFailed(reason)
    this.#wait(reason)
  }

  #attach(socket: Socket): void {
    this.#channel = new PeerChannel(socket, this.#context, {
      onFrame: (frame) => this.#receive(frame),
      onDrain: () => this.#user.onDrain(),
      onClosed: (reason) => this.#closed(reason),
    })
  }

  #sayHello(): void {
    const { nodeId, clusterId } = this.#context.identity
    const { purpose, nodeId: expectedNodeId } = this.#dialled
    this.#channel?.send({ kind: 'hello', purpose, nodeId, expectedNodeId, clusterId })
  }

  #receive(frame: PeerFrame): void {
    if (this.#state === 'open') this.#receiveOpen(frame)
    else if (frame.kind === 'welcome') this.#receiveWelcome(frame)
    else if (frame.kind === 'refusal') this.#receiveRefusal(frame)
    else this.#channel?.fail(`"${frame.kind}" instead of a handshake`)
  }

  #receiveOpen(frame: PeerFrame): void {
    // Only now it has lasted: a peer that takes a connection and drops it again is dialled less and less often.
    this.#failedCount = 0
    if (frame.kind !== 'pong') this.#user.onFrame(frame)
  }

  #receiveWelcome(welcome: Welcome): void {
    const mistake = mistakenPeer(welcome, this.#dialled, this.#context.identity)
    if (mistake !== undefined) {
      this.#refusalCause = mistake.cause
      this.#channel?.fail(mistake.reason)
      return
    }
    this.#state = 'open'
    this.#channel?.establish()
    this.#ping(1)
    this.#context.onEvent({ kind: 'peer-connected', ...this.#dialled })
    this.#user.onOpen()
  }

  #receiveRefusal({ cause, reason }: Refusal): void {
    this.#context.onEvent({ kind: 'dial-refused', ...this.#dialled, cause, reason })
    this.#refusalCause = cause
    this.#isRefused = true
    this.#channel?.fail(`it refuses: ${reason}`)
  }

  #ping(sequence: number): void {
    const { clock, timings } = this.#context
    this.#timer = clock.after(timings.pingIntervalMs, () => {
      // A full channel is its own question: nothing is heard either, if nobody takes what it holds.
      if (this.#channel?.isFull === false) this.#channel.send({ kind: 'ping', sequence: sequence >>> 0 })
      this.#ping(sequence + 1)
    })
  }

  #closed(reason: string): void {
    const wasOpen = this.#state === 'open'
    this.#channel = undefined
    this.#timer?.cancel()
    this.#whenGone?.()
    if (this.#state === 'closed') return
    if (wasOpen) this.#context.onEvent({ kind: 'peer-disconnected', ...this.#dialled, reason })
    else if (!this.#isRefused) this.#attemptFailed(reason)
    this.#wait(reason)
  }

  #attemptFailed(reason: string): void {
    const attempt = this.#failedCount + 1
    this.#context.onEvent({ kind: 'dial-failed', ...this.#dialled, reason, attempt })
  }

  /** After an open connection, too: what breaks at once must not be dialled at once for ever. */
  #wait(reason: string): void {
    this.#failedCount += 1
    const { clock, timings, random } = this.#context
    this.#state = 'waiting'
    this.#wanted = this.#persistent
    const isMoved = this.#dialled !== this.#peer
    const delayMs = isMoved ? 0 : backoffDelayMs(this.#failedCount, timings, random())
    this.#timer = clock.after(delayMs, () => this.#endWait())
    this.#user.onDown(reason, this.#refusalCause)
  }

  #endWait(): void {
    this.#timer?.cancel()
    this.#state = 'idle'
    if (this.#wanted) this.#dial()
  }
}
