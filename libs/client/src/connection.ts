import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import {
  FrameReader,
  FrameWriter,
  isBinaryPayload,
  parseBinaryAnswer,
  setRequestId,
  type FrameFault,
  type ReceivedAnswer,
} from '@walrus/protocol'
import { CallsById } from './calls-by-id.js'
import { CallsInFlight } from './calls-in-flight.js'
import { ClientError } from './errors.js'
import { endpoint, openSocket, socketReason, type SocketOptions } from './open-socket.js'

/** `timeoutMs` also bounds the wait for each reply. */
export interface ConnectionOptions extends SocketOptions {
  readonly replyBytesMax: number
}

/**
 * One TCP connection for its whole life: requests leave in call order, all of one tick in one write. Replies to text are
 * matched to them in the same order, and whatever goes wrong with one ends the connection, because the order is all there is
 * to tell whose they are. Binary answers are matched by their id.
 */
export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #reader: FrameReader
  readonly #writer = new FrameWriter()
  readonly #calls = new CallsInFlight()
  readonly #binaryCalls = new CallsById<ReceivedAnswer>()
  /** When the broker last said something. */
  #heardMs = performance.now()
  /** Why calls fail from now on. */
  #failure: ClientError | undefined
  #timer: NodeJS.Timeout | undefined
  #flushing = false
  #whenIdle: (() => void) | undefined

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#reader = new FrameReader({ maxFrameBytes: options.replyBytesMax })
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('end', () => this.destroy(this.#lost('connection closed by the broker')))
    socket.on('error', (error) => this.destroy(this.#lost(socketReason(error), error)))
    socket.on('close', () => this.destroy(this.#lost('connection closed')))
  }

  /** Rejects with `CANNOT_CONNECT`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    return new Connection(await openSocket(options), options)
  }

  /** False once it has ended; another one must be opened then. */
  get usable(): boolean {
    return this.#failure === undefined
  }

  /** Sends one frame, which is copied before this returns; resolves with what `decode` makes of the reply. */
  request<T>(frame: Uint8Array, decode: (reply: Uint8Array) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const settle = (reply: Uint8Array) => {
        try {
          resolve(decode(reply))
        } catch (error) {
          reject(error)
        }
      }
      this.#calls.push({ deadlineMs: performance.now() + this.#options.timeoutMs, settle, reject })
      this.#timer ??= this.#watch(this.#options.timeoutMs)
      this.#send(frame)
    })
  }

  /**
   * Sends one frame of `binaryRequestFrame`, which is given its id and copied before this returns; resolves with its answer.
   * One that does not come in time fails this call alone, unless the broker has said nothing at all since.
   * @param waitMs how long the broker may wait before it answers
   */
  ask(frame: Uint8Array, waitMs: number): Promise<ReceivedAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#binaryCalls.freeId()
    setRequestId(frame, id)
    this.#send(frame)
    const askedMs = performance.now()
    return this.#binaryCalls.add(id, this.#options.timeoutMs + waitMs, () => this.#expireCall(askedMs))
  }

  /** Resolves when every call has its reply or its error. One waiter at a time. */
  async idle(): Promise<void> {
    if (this.#callCount > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
  }

  /** Ends it at once: the oldest call rejects with the reason, those behind it with `CONNECTION_LOST`. Idempotent. */
  destroy(reason: ClientError): void {
    if (this.#failure !== undefined) return
    this.#failure = FAILS_ALL.has(reason.code) ? reason : this.#lost('an earlier call failed', reason)
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#calls.rejectAll(reason, this.#failure)
    this.#binaryCalls.rejectAll(this.#failure)
    this.#whenIdle?.()
  }

  get #callCount(): number {
    return this.#calls.size + this.#binaryCalls.size
  }

  #send(frame: Uint8Array): void {
    this.#writer.addFrames(frame)
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.usable) this.#socket.write(this.#writer.take())
  }

  #receive(chunk: Uint8Array): void {
    this.#heardMs = performance.now()
    this.#reader.push(chunk)
    while (this.usable && this.#reader.next()) this.#accept(this.#reader)
    if (this.#reader.fault !== undefined) this.destroy(this.#unusable(this.#reader.fault))
    if (this.#callCount === 0) this.#whenIdle?.()
  }

  #accept({ bytes, start, end }: FrameReader): void {
    if (isBinaryPayload(bytes, start)) return this.#acceptBinary(bytes, start, end)
    const call = this.#calls.shift()
    if (call !== undefined) return call.settle(bytes.subarray(start, end))
    const said = Buffer.from(bytes.subarray(start, Math.min(end, start + SHOWN_BYTES))).toString()
    this.destroy(this.#lost(`the broker sent a reply to nothing: ${JSON.stringify(said)}`))
  }

  /** An answer to nothing is one that came too late. */
  #acceptBinary(bytes: Uint8Array, start: number, end: number): void {
    const answer = parseBinaryAnswer(bytes, start, end)
    if (answer !== undefined) return this.#binaryCalls.settle(answer.id, answer)
    this.destroy(new ClientError('UNEXPECTED_REPLY', `${this.#cannotRead()}: ${end - start} bytes that are no answer`))
  }

  #expireCall(askedMs: number): ClientError {
    const error = this.#timedOut()
    if (this.#heardMs < askedMs) this.destroy(this.#lost('it says nothing any more', error))
    return error
  }

  /** One timer serves all calls, because the oldest expires first. It does not outlive what it watches. */
  #watch(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => setImmediate(() => this.#expire()), delayMs).unref()
  }

  /** Runs after waiting input was read: a reply that arrived while this process was busy still counts. */
  #expire(): void {
    this.#timer = undefined
    const oldest = this.#calls.oldest
    if (oldest === undefined || !this.usable) return
    const leftMs = oldest.deadlineMs - performance.now()
    if (leftMs > 0) this.#timer = this.#watch(Math.ceil(leftMs))
    else this.destroy(this.#timedOut())
  }

  #timedOut(): ClientError {
    return new ClientError('TIMED_OUT', `${this.#cannotRead()}: none within ${this.#options.timeoutMs} ms`)
  }

  #lost(reason: string, cause?: unknown): ClientError {
    return new ClientError('CONNECTION_LOST', `${this.#cannotRead()}: ${reason}`, cause)
  }

  #unusable(fault: FrameFault): ClientError {
    if (fault.kind !== 'oversize') {
      const reason = fault.kind === 'zero-length' ? 'it has no bytes' : 'it is incomplete'
      return new ClientError('UNEXPECTED_REPLY', `${this.#cannotRead()}: ${reason}`)
    }
    const sizes = `${fault.announcedBytes} bytes exceed ${fault.maxFrameBytes}`
    return new ClientError('REPLY_TOO_LARGE', `${this.#cannotRead()}: ${sizes}`)
  }

  #cannotRead(): string {
    return `Cannot read the reply of "${endpoint(this.#options)}"`
  }
}

/** Enough of a reply to see what it is. */
const SHOWN_BYTES = 200

/** Reasons that hold for every call in flight, not for the oldest alone. */
const FAILS_ALL: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'CLIENT_CLOSED'])
