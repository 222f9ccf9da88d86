import { reasonOf, WalrusError, type Timer } from '@walrus/core'
import type { PeerFrame, PeerRequest } from '@walrus/protocol'
import type { PeerChannel } from './peer-channel.js'
import type { PeerContext } from './peer-context.js'
import type { PeerCaller, RequestHandlers } from './request-handlers.js'

export interface RequestReceiverOptions {
  readonly context: PeerContext
  readonly channel: PeerChannel
  readonly caller: Omit<PeerCaller, 'timeoutMs'>
  readonly handlers: RequestHandlers
}

/**
 * Answers the requests of one connection, each when its handler is done. A peer that asks for more than it may at once, or
 * does not fetch its answers, is read no further until that is over.
 */
export class RequestReceiver {
  readonly #options: RequestReceiverOptions
  readonly #pending = new Map<number, { readonly payloadBytes: number; readonly timer: Timer }>()
  #pendingBytes = 0
  #whenIdle: (() => void) | undefined

  constructor(options: RequestReceiverOptions) {
    this.#options = options
  }

  receive(request: PeerRequest): void {
    const { channel, context } = this.#options
    if (this.#pending.has(request.id)) return channel.fail(`request ${request.id} twice`)
    const timer = context.clock.after(request.timeoutMs, () =>
      this.#fail(request.id, new WalrusError('TIMED_OUT', `no answer within ${request.timeoutMs} ms`)),
    )
    this.#pending.set(request.id, { payloadBytes: request.payload.length, timer })
    this.#pendingBytes += request.payload.length
    this.#balance()
    void this.#handle(request)
  }

  onDrain(): void {
    this.#balance()
  }

  /** Resolves once every request that was received has its answer. */
  async whenIdle(): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
  }

  /** The connection is gone: handlers run on, their answers are for nobody. */
  close(): void {
    for (const { timer } of this.#pending.values()) timer.cancel()
    this.#pending.clear()
    this.#whenIdle?.()
  }

  async #handle({ id, requestKind, timeoutMs, payload }: PeerRequest): Promise<void> {
    const { handlers, caller, context } = this.#options
    const handler = handlers.find(
      requestKind,
      caller.clusterId !== '' && caller.clusterId === context.identity.clusterId,
    )
    try {
      if (typeof handler === 'string') throw new WalrusError('UNAVAILABLE', `Cannot answer: ${handler}`)
      const answer = await handler(payload, { ...caller, timeoutMs })
      if (answer.length + ANSWER_OVERHEAD_BYTES > context.limits.maxFrameBytes) {
        throw new WalrusError('UNAVAILABLE', `Cannot answer: ${answer.length} bytes exceed the largest frame`)
      }
      this.#reply({ kind: 'answer', id, payload: answer })
    } catch (thrown) {
      if (!(thrown instanceof WalrusError)) context.onEvent({ kind: 'handler-failed', requestKind, error: thrown })
      this.#fail(id, thrown)
    }
  }

  #fail(id: number, thrown: unknown): void {
    const known = thrown instanceof WalrusError
    const code = known ? thrown.code : 'UNAVAILABLE'
    const message = known ? reasonOf(thrown).slice(0, MESSAGE_CHARACTERS_MAX) : 'Cannot answer: the request has failed'
    this.#reply({ kind: 'failure', id, code, message })
  }

  /** The first reply counts: a handler that is late finds its request answered. */
  #reply(frame: PeerFrame & { readonly id: number }): void {
    const pending = this.#pending.get(frame.id)
    if (pending === undefined) return
    pending.timer.cancel()
    this.#pending.delete(frame.id)
    this.#pendingBytes -= pending.payloadBytes
    this.#options.channel.send(frame)
    this.#balance()
    if (this.#pending.size === 0) this.#whenIdle?.()
  }

  #balance(): void {
    const { channel, context } = this.#options
    const { maxRequestsInFlight, maxRequestBytes } = context.limits
    const tooMany = this.#pending.size > maxRequestsInFlight || this.#pendingBytes > maxRequestBytes
    if (tooMany || channel.isFull) channel.pause()
    else channel.resume()
  }
}

const ANSWER_OVERHEAD_BYTES = 64
const MESSAGE_CHARACTERS_MAX = 4096
