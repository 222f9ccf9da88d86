import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { FrameReader, FrameWriter, type FrameFault } from '@walrus/protocol'
import { CallsInFlight } from './calls-in-flight.js'
import { ClientError } from './errors.js'
import { endpoint, openSocket, socketReason, type SocketOptions } from './open-socket.js'

/** `timeoutMs` also bounds the wait for each reply. */
export interface ConnectionOptions extends SocketOptions {
  readonly replyBytesMax: number
}

/**
 * One TCP connection for its whole life: requests leave in call order, all of one tick in one write, and replies are
 * matched to them in the same order. Whatever goes wrong ends it, because the order of the replies is all there is to
 * tell whose they are.
 */
export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #reader: FrameReader
  readonly #writer = new FrameWriter()
  readonly #calls = new CallsInFlight()
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

  /** Resolves when every call has its reply or its error. One waiter at a time. */
  async idle(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
  }

  /** Ends it at once: the oldest call rejects with the reason, those behind it with `CONNECTION_LOST`. Idempotent. */
  destroy(reason: ClientError): void {
    if (this.#failure !== undefined) return
    this.#failure = FAILS_ALL.has(reason.code) ? reason : this.#lost('an earlier call failed', reason)
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#calls.rejectAll(reason, this.#failure)
    this.#whenIdle?.()
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
    this.#reader.push(chunk)
    while (this.usable && this.#reader.next()) this.#accept(this.#reader)
    if (this.#reader.fault !== undefined) this.destroy(this.#unusable(this.#reader.fault))
    if (this.#calls.size === 0) this.#whenIdle?.()
  }

  #accept({ bytes, start, end }: FrameReader): void {
    const call = this.#calls.shift()
    if (call === undefined) this.destroy(this.#lost('the broker sent a reply to nothing'))
    else call.settle(bytes.subarray(start, end))
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
    else this.destroy(new ClientError('TIMED_OUT', `${this.#cannotRead()}: none within ${this.#options.timeoutMs} ms`))
  }

  #lost(reason: string, cause?: unknown): ClientError {
    return new ClientError('CONNECTION_LOST', `${this.#cannotRead()}: ${reason}`, cause)
  }

  #unusable(fault: FrameFault): ClientError {
    if (fault.kind === 'zero-length') {
      return new ClientError('UNEXPECTED_REPLY', `${this.#cannotRead()}: it has no bytes`)
    }
    const sizes = `${fault.announcedBytes} bytes exceed ${fault.maxFrameBytes}`
    return new ClientError('REPLY_TOO_LARGE', `${this.#cannotRead()}: ${sizes}`)
  }

  #cannotRead(): string {
    return `Cannot read the reply of "${endpoint(this.#options)}"`
  }
}

/** Reasons that hold for every call in flight, not for the oldest alone. */
const FAILS_ALL: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'CLIENT_CLOSED'])
