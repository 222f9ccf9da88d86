import { ERROR_CODES, reasonOf, WalrusError, type ErrorCode, type Timer } from '@walrus/core'
import type { PeerFailure, PeerFrame, RefusalCause } from '@walrus/protocol'
import type { PeerContext } from './peer-context.js'
import type { DialledPeer } from './peer-event.js'
import { PeerLink, type PeerLinkUser } from './peer-link.js'

interface Question {
  readonly id: number
  readonly requestKind: number
  readonly payload: Uint8Array
  readonly deadlineMs: number
  readonly resolve: (answer: Uint8Array) => void
  readonly reject: (reason: WalrusError) => void
  timer: Timer | undefined
}

/** Asks one peer, over a connection that is dialled when it is needed. Only so many questions are under way; more wait. */
export class RequestSender implements PeerLinkUser {
  readonly link: PeerLink
  readonly #context: PeerContext
  readonly #peer: DialledPeer
  readonly #onIdle: () => void
  /** Not sent yet. Insertion order is the order of sending. */
  readonly #waiting = new Map<number, Question>()
  /** Sent. One whose time is up stays, unanswered, until its answer comes: it still takes up the peer. */
  readonly #inFlight = new Map<number, Question>()
  #payloadBytes = 0
  #lastId = 0

  constructor(context: PeerContext, peer: DialledPeer, onIdle: () => void) {
    this.#context = context
    this.#peer = peer
    this.#onIdle = onIdle
    this.link = new PeerLink({ context, peer, persistent: false, user: this })
  }

  /**
   * Rejects with what the peer says; with `NODE_REFUSED` when it is of another cluster, and nothing was asked; or with
   * `UNAVAILABLE` or `TIMED_OUT`: then nobody knows whether it was done.
   */
  ask(requestKind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const obstacle = this.#obstacle(payload.length)
    if (obstacle !== undefined) {
      this.#tellIfIdle()
      return Promise.reject(this.#error('UNAVAILABLE', obstacle))
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId()
      const deadlineMs = this.#context.clock.monotonicMs() + timeoutMs
      const question: Question = { id, requestKind, payload, deadlineMs, resolve, reject, timer: undefined }
      question.timer = this.#context.clock.after(timeoutMs, () => this.#timeUp(question, timeoutMs))
      this.#payloadBytes += payload.length
      this.#waiting.set(id, question)
      this.link.want()
      this.#pump()
    })
  }

  async close(reason: string): Promise<void> {
    this.onDown(reason)
    await this.link.close(reason)
  }

  onOpen(): void {
    this.#pump()
  }

  onDrain(): void {
    this.#pump()
  }

  onFrame(frame: PeerFrame): void {
    const id = frame.kind === 'answer' || frame.kind === 'failure' ? frame.id : 0
    const question = this.#inFlight.get(id)
    if (question === undefined) return this.link.break(`it sent "${frame.kind}" that nobody has asked for`)
    this.#remove(question)
    if (frame.kind === 'answer') question.resolve(frame.payload)
    else if (frame.kind === 'failure') question.reject(errorOf(frame))
    this.#pump()
  }

  onDown(reason: string, cause?: RefusalCause): void {
    // Nodes of different clusters will never talk to each other; everything else may pass.
    const code = cause === 'cluster' ? 'NODE_REFUSED' : 'UNAVAILABLE'
    for (const question of [...this.#waiting.values(), ...this.#inFlight.values()]) {
      this.#fail(question, this.#error(code, reason))
    }
  }

  #obstacle(payloadBytes: number): string | undefined {
    const { maxRequestsWaiting, maxRequestBytes, maxFrameBytes } = this.#context.limits
    if (this.#waiting.size >= maxRequestsWaiting) return `${this.#waiting.size} requests wait already`
    if (payloadBytes + REQUEST_OVERHEAD_BYTES > maxFrameBytes) return `${payloadBytes} bytes exceed the largest frame`
    if (this.#payloadBytes > 0 && this.#payloadBytes + payloadBytes > maxRequestBytes) {
      return `${this.#payloadBytes} bytes of requests wait already`
    }
    return undefined
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#inFlight.has(this.#lastId) || this.#waiting.has(this.#lastId) || this.#lastId === 0)
    return this.#lastId
  }

  #pump(): void {
    const { channel } = this.link
    if (channel === undefined) return
    for (const question of this.#waiting.values()) {
      if (channel.isFull || this.#inFlight.size >= this.#context.limits.maxRequestsInFlight) return
      this.#send(question)
    }
  }

  #send(question: Question): void {
    const { id, requestKind, payload, deadlineMs } = question
    const leftMs = Math.max(0, Math.ceil(deadlineMs - this.#context.clock.monotonicMs()))
    const timeoutMs = Math.min(leftMs, TIMEOUT_MS_MAX)
    this.#waiting.delete(id)
    this.#inFlight.set(id, question)
    try {
      this.link.channel?.send({ kind: 'request', id, requestKind, timeoutMs, payload })
    } catch (thrown) {
      this.#fail(question, new WalrusError('INVALID_ARGUMENT', reasonOf(thrown)))
    }
  }

  #timeUp(question: Question, timeoutMs: number): void {
    if (this.#waiting.has(question.id)) this.#remove(question)
    question.reject(this.#error('TIMED_OUT', `no answer within ${timeoutMs} ms`))
  }

  #fail(question: Question, error: WalrusError): void {
    this.#remove(question)
    question.reject(error)
  }

  #remove(question: Question): void {
    question.timer?.cancel()
    this.#waiting.delete(question.id)
    this.#inFlight.delete(question.id)
    this.#payloadBytes -= question.payload.length
    this.#tellIfIdle()
  }

  #tellIfIdle(): void {
    if (this.#waiting.size + this.#inFlight.size === 0) this.#onIdle()
  }

  #error(code: ErrorCode, reason: string): WalrusError {
    const { nodeId, address } = this.#peer
    const whom = nodeId === 0 ? `"${address}"` : `node ${nodeId}`
    return new WalrusError(code, `Cannot ask ${whom}: ${reason}`)
  }
}

/** A code that this program does not know comes from a newer one. */
function errorOf({ code, message }: PeerFailure): WalrusError {
  return new WalrusError(ERROR_CODES.find((known) => known === code) ?? 'UNAVAILABLE', message)
}

const REQUEST_OVERHEAD_BYTES = 64
const TIMEOUT_MS_MAX = 2 ** 32 - 1
