import { WalrusError, type Clock, type CommitTicket } from '@walrus/core'
import type { binaryCommands } from '@walrus/protocol'
import {
  BinaryFrameWriter,
  parseBinaryRequest,
  type AdminReply,
  type AdminRequest,
  type BinaryReplyOf,
  type BinaryRequestOf,
  type EntriesReply,
  type FetchRequest,
  type NextRequest,
} from '@walrus/protocol'
import { AppendAnswers } from './append-answers.js'
import type { BinaryHandlers, SessionLimits } from './binary-handlers.js'
import type { AnswerSink } from './client-session.js'
import { errorCodeOf, errorMessageOf } from './error-message.js'
import { WaitingReads } from './waiting-reads.js'

export interface BinarySessionOptions {
  readonly handlers: BinaryHandlers
  readonly sink: AnswerSink
  readonly clock: Clock
  readonly limits: SessionLimits
}

/**
 * A conversation in binary commands: each is begun when it arrives, and answered when its answer is there, by its id.
 * What answers may weigh together is bounded: a read takes no more bytes than the connection has room for.
 */
export class BinarySession {
  readonly #handlers: BinaryHandlers
  readonly #sink: AnswerSink
  readonly #clock: Clock
  readonly #limits: SessionLimits
  readonly #output = new BinaryFrameWriter()
  readonly #waiting: WaitingReads
  readonly #appends: AppendAnswers
  /** Requests without an answer, those that wait for entries too. */
  #openCount = 0
  #pendingBytes = 0
  #promisedBytes = 0
  #closed = false
  #idleListeners: (() => void)[] = []

  constructor({ handlers, sink, clock, limits }: BinarySessionOptions) {
    this.#handlers = handlers
    this.#sink = sink
    this.#clock = clock
    this.#limits = limits
    this.#waiting = new WaitingReads(clock, limits.waitingReadsMax)
    this.#appends = new AppendAnswers((write, count, requestBytes) => this.#answer(write, count, requestBytes))
  }

  get pendingCount(): number {
    return this.#openCount - this.#waiting.count
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  get promisedBytes(): number {
    return this.#promisedBytes
  }

  /** As `ClientSession.accept`, for a frame that is binary. */
  accept(bytes: Uint8Array, start: number, end: number): void {
    const { id, code, request } = parseBinaryRequest(bytes, start, end)
    const origin: Origin = { id, code, requestBytes: end - start }
    this.#openCount += 1
    this.#pendingBytes += origin.requestBytes
    switch (request.command) {
      case 'invalid':
        return this.#fail(origin, new WalrusError(request.code, request.message))
      case 'ping':
        return this.#reply(origin, 'ping', { kind: 'pong' })
      case 'append':
        return this.#append(origin, request)
      case 'fetch':
        return void this.#settle(
          origin,
          'fetch',
          this.#read(request, (bounded) => this.#handlers.fetch(bounded)),
        )
      case 'next':
        return void this.#settle(
          origin,
          'next',
          this.#read(request, (bounded) => this.#handlers.next(bounded)),
        )
      case 'moveCursor':
        return void this.#settle(origin, 'moveCursor', this.#handlers.moveCursor(request))
      case 'admin':
        return void this.#settle(origin, 'admin', this.#administer(request))
    }
  }

  /** As `ClientSession.whenIdle`. */
  whenIdle(listener: () => void): void {
    this.#waiting.release()
    if (this.#openCount === 0) listener()
    else this.#idleListeners.push(listener)
  }

  /** As `ClientSession.close`. */
  close(): void {
    this.#closed = true
    this.#waiting.release()
  }

  #append(origin: Origin, request: BinaryRequestOf<'append'>): void {
    let ticket: CommitTicket
    try {
      ticket = this.#handlers.append(request)
    } catch (error) {
      return this.#fail(origin, error)
    }
    this.#appends.add(ticket, { ...origin, count: request.entries.length })
  }

  /** Looks, and while there is nothing and time is left, waits and looks again. */
  async #read<Request extends FetchRequest | NextRequest>(
    request: Request,
    look: (bounded: Request) => Promise<EntriesReply>,
  ): Promise<EntriesReply> {
    const deadlineMs = this.#clock.monotonicMs() + Math.min(request.maxWaitMs, this.#limits.readWaitMsMax)
    for (;;) {
      const reply = await this.#look(request, look)
      const leftMs = deadlineMs - this.#clock.monotonicMs()
      if (reply.entries.length > 0 || request.maxEntries === 0 || leftMs <= 0 || this.#closed) return reply
      const { topic } = request
      const subscribe = (listener: () => void) => this.#handlers.onReadable(topic, reply.firstOffset, listener)
      const readable = this.#waiting.wait(leftMs, subscribe)
      this.#sink.ease()
      if (!(await readable)) return reply
    }
  }

  async #look<Request extends FetchRequest | NextRequest>(
    request: Request,
    look: (bounded: Request) => Promise<EntriesReply>,
  ): Promise<EntriesReply> {
    const roomBytes = this.#sink.roomBytes - this.#promisedBytes
    if (roomBytes <= 0) {
      throw new WalrusError(
        'UNAVAILABLE',
        'Cannot read entries: this connection has too many answers that nobody fetched',
      )
    }
    const maxBytes = Math.min(request.maxBytes, this.#limits.readBytesMax, roomBytes)
    const maxEntries = Math.min(request.maxEntries, this.#limits.readEntriesMax)
    this.#promisedBytes += maxBytes
    try {
      return await look({ ...request, maxBytes, maxEntries })
    } finally {
      this.#promisedBytes -= maxBytes
    }
  }

  async #administer({ operation, parameters }: AdminRequest): Promise<AdminReply> {
    const handle = this.#handlers.admin[operation] as (parameters: unknown) => Promise<unknown>
    return { operation, result: await handle(parameters) } as AdminReply
  }

  /** Never rejects. */
  async #settle<N extends 'fetch' | 'next' | 'moveCursor' | 'admin'>(
    origin: Origin,
    name: N,
    reply: Promise<BinaryReplyOf<N>>,
  ): Promise<void> {
    try {
      this.#reply(origin, name, await reply)
    } catch (error) {
      this.#fail(origin, error)
    }
  }

  #reply<N extends keyof typeof binaryCommands>(origin: Origin, name: N, reply: BinaryReplyOf<N>): void {
    this.#answer((output) => output.addAnswer(origin.id, name, reply), 1, origin.requestBytes)
  }

  #fail({ id, code, requestBytes }: Origin, error: unknown): void {
    this.#answer((output) => output.addFailure(id, code, errorCodeOf(error), errorMessageOf(error)), 1, requestBytes)
  }

  #answer(write: (output: BinaryFrameWriter) => void, count: number, requestBytes: number): void {
    if (!this.#closed) write(this.#output)
    this.#openCount -= count
    this.#pendingBytes -= requestBytes
    if (!this.#closed) this.#sink.send(this.#output.take(), count)
    if (this.#openCount === 0) for (const listener of this.#idleListeners.splice(0)) listener()
  }
}

/** Which request an answer is for. */
interface Origin {
  readonly id: number
  /** Its first byte. */
  readonly code: number
  readonly requestBytes: number
}
