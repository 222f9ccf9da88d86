import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { ClientService } from '@walrus/cluster'
import type { FrameFault } from '@walrus/protocol'
import { ClientConnection } from './client-connection.js'
import type { ClientLimits } from './client-limits.js'
import type { ClientListenerEvent } from './client-listener-event.js'
import { ClientWatch } from './client-watch.js'
import { FlushQueue } from './flush-queue.js'
import { hostAndPort, listen } from './listen.js'
import { refuse } from './refuse.js'

export interface ClientListenerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly service: ClientService
  readonly limits: ClientLimits
  readonly onEvent: (event: ClientListenerEvent) => void
}

/** The port that clients connect to. */
export interface ClientListener {
  /** Where it listens: host:port, with the port that was taken. */
  readonly address: string
  readonly connectionCount: number
  /**
   * Takes no further connection or request, answers what was accepted, and ends every connection; cuts those that are
   * still there after `timeoutMs`. Resolves when none is left. Idempotent.
   */
  close(timeoutMs: number): Promise<void>
}

/**
 * Listens; resolves when the port is taken.
 * @throws WalrusError `UNAVAILABLE` when it cannot be
 */
export async function openClientListener(options: ClientListenerOptions): Promise<ClientListener> {
  const listener = new NetClientListener(options)
  await listener.open()
  return listener
}

/** After so long without a sign of life the system asks whether the client is still there. */
const KEEP_ALIVE_MS = 60_000

/** Output that a socket takes before it says that it is full. */
const SOCKET_BUFFER_BYTES = 65_536

class NetClientListener implements ClientListener {
  readonly #options: ClientListenerOptions
  readonly #server: Server
  readonly #connections = new Set<ClientConnection>()
  readonly #flushes = new FlushQueue()
  readonly #watch: ClientWatch
  address = ''
  #closed: Promise<void> | undefined

  constructor(options: ClientListenerOptions) {
    this.#options = options
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      highWaterMark: Math.min(SOCKET_BUFFER_BYTES, options.limits.maxPendingBytes),
    })
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#watch = new ClientWatch(this.#connections, options.limits, ({ remote }, heldBytes) =>
      options.onEvent({ kind: 'connection-cut', remote, heldBytes }),
    )
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  async open(): Promise<void> {
    const { host, port, onEvent } = this.#options
    this.address = await listen(this.#server, { host, port, callers: 'clients' })
    this.#server.on('error', (error) => onEvent({ kind: 'accept-failed', error }))
  }

  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    const connections = [...this.#connections]
    const closed = [once(this.#server, 'close'), ...connections.map((connection) => connection.whenClosed())]
    this.#server.close()
    for (const connection of connections) connection.drain()
    const cut = setTimeout(() => connections.forEach((connection) => connection.destroy()), timeoutMs)
    await Promise.all(closed)
    clearTimeout(cut)
    this.#watch.stop()
  }

  #accept(socket: Socket): void {
    const { service, limits, onEvent } = this.#options
    const remote = hostAndPort(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
    socket.on('error', (error) => onEvent({ kind: 'connection-failed', remote, error }))
    if (this.#connections.size >= limits.maxConnections) {
      onEvent({ kind: 'connection-refused', remote })
      return refuse(socket, limits.maxConnections)
    }
    onEvent({ kind: 'connection-opened', remote })
    const onFault = (fault: FrameFault) => onEvent({ kind: 'frame-refused', remote, fault })
    const connection = new ClientConnection({ socket, remote, service, limits, flushes: this.#flushes, onFault })
    this.#connections.add(connection)
    socket.once('close', () => {
      this.#connections.delete(connection)
      onEvent({ kind: 'connection-closed', remote })
    })
  }
}
