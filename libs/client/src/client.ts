import { commands, frame, type TextCommand, type TextReply } from '@walrus/protocol'
import { Connection, type ConnectionOptions } from './connection.js'
import { ClientError } from './errors.js'
import { acceptedReply, encodeRequest, type Accepted } from './exchange.js'
import { checkedOptions, type WalrusClientOptions } from './options.js'

/**
 * A client of one broker, which finds the right node by itself. Calls may be made without waiting for the ones before:
 * they share one connection, are carried out in the order they were made, and all of one tick leave in one write.
 * How many are in flight at once is the caller's to bound.
 *
 * Every call rejects with a `ClientError`, whose `code` says what may have happened. A lost connection fails the calls in
 * flight; nothing is sent twice by itself, and the next call opens another connection.
 */
export class WalrusClient {
  readonly #options: Omit<ConnectionOptions, 'signal'>
  readonly #abort = new AbortController()
  #opening: Promise<Connection> | undefined
  #current: Connection | undefined
  #closing: Promise<void> | undefined

  private constructor(options: Omit<ConnectionOptions, 'signal'>) {
    this.#options = options
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
      this.#current = await Connection.open({ ...this.#options, signal: this.#abort.signal })
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
