import {
  commands,
  frame,
  type AdminOperationName,
  type AdminParameters,
  type AdminResult,
  type AppendReply,
  type BinaryReplyOf,
  type BinaryRequest,
  type BinaryRequestOf,
  type TextCommand,
  type TextReply,
} from '@walrus/protocol'
import { acceptedAnswer, encodeBinaryRequest } from './binary-exchange.js'
import { ClusterAdmin } from './cluster-admin.js'
import type { Connection } from './connection.js'
import { Dialer, type DialerOptions } from './dialer.js'
import { ClientError } from './errors.js'
import { acceptedReply, encodeRequest, type Accepted } from './exchange.js'
import { checkedOptions, type WalrusClientOptions } from './options.js'
import { Producer, type ProducerOptions } from './producer.js'
import { entriesOf, readBounds, type Entries, type Entry, type ReadOptions } from './reads.js'
import { tail, type TailOptions } from './tail.js'
import { TopicCursor } from './topic-cursor.js'

/** Whose entries a batch has, so that it is stored once however often it is sent. */
export interface AppendBatchOptions {
  /** `id` from 1, the caller's own; `sequence` counts the entries that it appended to the topic before, from 0. */
  readonly producer?: { readonly id: number; readonly sequence: number }
}

/**
 * A client of a cluster, through one node of it at a time, which finds the right one by itself. Calls may be made without
 * waiting for the ones before: they share one connection, are begun in the order they were made, and all of one tick leave in
 * one write. How many are in flight at once is the caller's to bound.
 *
 * Every call rejects with a `ClientError`, whose `code` says what may have happened. A lost connection fails the calls in
 * flight; nothing is sent twice by itself (but by a `producer` and `tail`, where it does no harm), and the next call opens
 * another connection, to the next address that takes one.
 */
export class WalrusClient {
  /** Topics and the cluster, as operators see them. */
  readonly admin: ClusterAdmin
  readonly #dialer: Dialer
  readonly #abort = new AbortController()
  #opening: Promise<Connection> | undefined
  #current: Connection | undefined
  #closing: Promise<void> | undefined

  private constructor(options: DialerOptions) {
    this.#dialer = new Dialer(options, this.#abort.signal)
    this.admin = new ClusterAdmin((operation, parameters) => this.#administer(operation, parameters))
  }

  /** Resolves once the connection is open. Rejects with `CANNOT_CONNECT` or `INVALID_ARGUMENT`. */
  static async connect(options: WalrusClientOptions): Promise<WalrusClient> {
    const client = new WalrusClient(checkedOptions(options))
    await client.#connection()
    return client
  }

  /** Creates the topic; succeeds as well if it exists. */
  async register(topic: string): Promise<void> {
    await this.#ask(commands.register, { command: 'register', topic })
  }

  /** Appends one entry, of any bytes or none; text goes as UTF-8. Resolves when the broker holds it durably. */
  async put(topic: string, entry: Uint8Array | string): Promise<void> {
    await this.#ask(commands.put, { command: 'put', topic, payload: bytesOf(entry) })
  }

  /** Takes the next entry at the topic's shared cursor; undefined when there is none yet. The bytes are the caller's own. */
  async get(topic: string): Promise<Uint8Array | undefined> {
    const reply = await this.#ask(commands.get, { command: 'get', topic })
    return reply.kind === 'entry' ? reply.payload.slice() : undefined
  }

  /** The topic's segments and their leaders, as the JSON text that the broker wrote. */
  async state(topic: string): Promise<string> {
    const reply = await this.#ask(commands.state, { command: 'state', topic })
    return reply.text
  }

  /** The node's view of the cluster, as the JSON text that the broker wrote. */
  async metrics(): Promise<string> {
    const reply = await this.#ask(commands.metrics, { command: 'metrics' })
    return reply.text
  }

  /**
   * Appends entries, all or nothing: 1 to 65,536, in one request. Resolves, when they are stored as the broker is set to store
   * them, with the offset of the first; undefined for a repetition of what was stored so long ago that nobody knows where.
   */
  appendBatch(topic: string, entries: readonly Uint8Array[], options: AppendBatchOptions = {}): Promise<AppendReply> {
    return this.#perform({ command: 'append', topic, producer: options.producer, entries })
  }

  /** Reads committed entries from `offset` on; moves no cursor. What retention has dropped is passed over. */
  async fetch(topic: string, offset: number, options: ReadOptions = {}): Promise<Entries> {
    return entriesOf(await this.#perform({ command: 'fetch', topic, offset, ...readBounds(options) }))
  }

  /**
   * Entry after entry from an offset on, waiting for more at the end, until the loop is left or the signal aborted. A lost
   * connection is found again; what fails for good, or for longer than `patienceMs`, is thrown.
   */
  tail(topic: string, options: TailOptions = {}): AsyncGenerator<Entry, void, undefined> {
    return tail((offset, read) => this.fetch(topic, offset, read), options)
  }

  /** A cursor of the topic, which is there as soon as it is used; the one that `get` uses unless named. Nothing is sent. */
  cursor(topic: string, name = SHARED_CURSOR_NAME): TopicCursor {
    return new TopicCursor(topic, name, {
      next: (request) => this.#perform(request),
      moveCursor: (request) => this.#perform(request),
    })
  }

  /** Appends that are batched, numbered, and repeated until their outcome is known. Throws `INVALID_ARGUMENT`. */
  producer(options: ProducerOptions = {}): Producer {
    return new Producer((request) => this.#perform(request), options)
  }

  /** Resolves when the node has answered. */
  async ping(): Promise<void> {
    await this.#perform({ command: 'ping' })
  }

  /** Sends a line as it is, and resolves with the reply as it is, `ERR …` included. The line must not be empty. */
  raw(line: Uint8Array | string): Promise<Uint8Array> {
    return this.#call(
      () => rawFrame(bytesOf(line)),
      (reply) => reply.slice(),
    )
  }

  /** Lets the calls in flight finish and ends the connection; later calls reject with `CLIENT_CLOSED`. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#finish())
  }

  /** As `close`, at once: calls in flight reject with `CLIENT_CLOSED`, and may have been carried out or not. Idempotent. */
  destroy(): void {
    this.#closing ??= Promise.resolve()
    this.#abort.abort()
    this.#current?.destroy(closed())
  }

  #ask<Request, Reply extends TextReply>(
    command: TextCommand<Request, Reply>,
    request: Request,
  ): Promise<Accepted<Reply>> {
    return this.#call(
      () => encodeRequest(command, request),
      (reply) => acceptedReply(command, reply),
    )
  }

  async #administer<N extends AdminOperationName>(
    operation: N,
    parameters: AdminParameters<N>,
  ): Promise<AdminResult<N>> {
    const request = { command: 'admin', operation, parameters } as BinaryRequestOf<'admin'>
    const { operation: answered, result } = await this.#perform(request)
    if (answered === operation) return result as AdminResult<N>
    throw new ClientError(
      'UNEXPECTED_REPLY',
      `Cannot understand the answer to "${operation}": it is that to "${answered}"`,
    )
  }

  async #perform<Request extends BinaryRequest>(request: Request): Promise<BinaryReplyOf<Request['command']>> {
    if (this.#closing !== undefined) throw closed()
    const framed = encodeBinaryRequest(request)
    const connection = await this.#connection()
    const answer = await connection.ask(framed, waitMsOf(request))
    return acceptedAnswer<Request['command']>(request.command, answer)
  }

  async #call<T>(encode: () => Uint8Array, decode: (reply: Uint8Array) => T): Promise<T> {
    if (this.#closing !== undefined) throw closed()
    const request = encode()
    const connection = await this.#connection()
    return connection.request(request, decode)
  }

  /** All calls wait for the same promise, open or not, and so go on in the order they were made. */
  #connection(): Promise<Connection> {
    if (this.#current?.usable === false) {
      this.#current = undefined
      this.#opening = undefined
    }
    return (this.#opening ??= this.#open())
  }

  async #open(): Promise<Connection> {
    try {
      this.#current = await this.#dialer.open()
      return this.#current
    } catch (error) {
      this.#opening = undefined
      throw this.#abort.signal.aborted ? closed() : error
    }
  }

  async #finish(): Promise<void> {
    const connection = await this.#opening?.catch(() => undefined)
    await connection?.idle()
    connection?.destroy(closed())
  }
}

/** The broker's name of the cursor that `GET` uses. */
const SHARED_CURSOR_NAME = 'shared'

/** How long the broker may wait before it answers. */
function waitMsOf(request: BinaryRequest): number {
  if (request.command === 'admin') return request.operation === 'cluster.remove' ? request.parameters.timeoutMs : 0
  return 'maxWaitMs' in request ? request.maxWaitMs : 0
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}

function rawFrame(line: Uint8Array): Uint8Array {
  if (line.length > 0) return frame(line)
  throw new ClientError('INVALID_ARGUMENT', 'Cannot send the line "": it is empty')
}

function closed(): ClientError {
  return new ClientError('CLIENT_CLOSED', 'Cannot finish the call: the client is closed')
}
