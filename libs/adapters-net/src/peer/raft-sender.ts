import { reasonOf } from '@walrus/core'
import type { Message } from '@walrus/raft'
import type { Flushable } from '../flush-queue.js'
import type { PeerContext } from './peer-context.js'
import { PeerLink, type PeerLinkUser } from './peer-link.js'
import type { DialledPeer } from './peer-event.js'
import { messageBytes, RaftOutbox } from './raft-outbox.js'

export interface RaftSenderOptions {
  readonly context: PeerContext
  readonly peer: DialledPeer
  /** Messages to the peer were lost, or would be. Not called from within `send`. */
  readonly onUnreachable: () => void
}

/** Sends the messages of Raft to one peer: in order while a connection lasts, and never more than a bound ahead of it. */
export class RaftSender implements Flushable, PeerLinkUser {
  readonly link: PeerLink
  readonly #context: PeerContext
  readonly #peer: DialledPeer
  readonly #outbox: RaftOutbox
  readonly #onUnreachable: () => void
  #flushing = false
  #lost = false
  #overflowed = false

  constructor({ context, peer, onUnreachable }: RaftSenderOptions) {
    this.#context = context
    this.#peer = peer
    this.#onUnreachable = onUnreachable
    this.#outbox = new RaftOutbox(context.limits.maxQueuedRaftBytes)
    this.link = new PeerLink({ context, peer, persistent: true, user: this })
  }

  send(message: Message): void {
    if (!this.link.isPromising) this.#lose()
    else if (messageBytes(message) > this.#context.limits.maxFrameBytes) this.#refuse('it exceeds the largest frame')
    else if (this.#outbox.add(message) > 0) this.#overflow()
    this.#flushSoon()
  }

  /** At the end of the turn: everything that was sent in it goes together. */
  flush(): void {
    this.#flushing = false
    this.#sendQueued()
    if (!this.#lost) return
    this.#lost = false
    this.#onUnreachable()
  }

  /** What is queued still leaves, as far as the peer takes it. */
  async close(reason: string): Promise<void> {
    this.#sendQueued()
    await this.link.close(reason)
  }

  onOpen(): void {
    this.#sendQueued()
  }

  onDrain(): void {
    this.#sendQueued()
  }

  onFrame(): void {
    this.link.break('it speaks on a connection that it should only listen on')
  }

  onDown(): void {
    this.#outbox.clear()
    this.#overflowed = false
    this.#lose()
  }

  #sendQueued(): void {
    const { channel } = this.link
    if (channel === undefined) return
    while (!channel.isFull) {
      const message = this.#outbox.take()
      if (message === undefined) {
        this.#overflowed = false
        return
      }
      try {
        channel.send({ kind: 'raft', message })
      } catch (thrown) {
        this.#refuse(reasonOf(thrown))
      }
    }
  }

  #refuse(reason: string): void {
    this.#context.onEvent({ kind: 'message-unsendable', nodeId: this.#peer.nodeId, reason })
    this.#lose()
  }

  #overflow(): void {
    this.#lose()
    if (this.#overflowed) return
    this.#overflowed = true
    this.#context.onEvent({ kind: 'queue-overflowed', nodeId: this.#peer.nodeId })
  }

  #lose(): void {
    this.#lost = true
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#context.flushes.add(this)
  }
}
