import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * What the broker says to one request frame (without its length): a reply that it frames and sends, or nothing.
 * For anything else (half a frame, garbage, a lost connection) write to or destroy the socket.
 */
export type Answer = (request: Buffer, socket: Socket) => string | Uint8Array | undefined

/**
 * A broker that says what a test tells it to, on a free port of the loopback interface.
 * It frames by its own code, so that a fault in the protocol library does not hide from the tests.
 */
export class ScriptedBroker {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Every request of every connection, in order of arrival. */
  readonly requests: string[] = []
  /** Connections accepted so far. */
  connectionCount = 0

  private constructor(answer: Answer) {
    this.#server = createServer((socket) => {
      this.connectionCount += 1
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      this.#serve(socket, answer)
    })
  }

  /** Resolves once connections are accepted. */
  static async listen(answer: Answer, port = 0): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(answer)
    broker.#server.listen(port, '127.0.0.1')
    await once(broker.#server, 'listening')
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Ends every connection that is open, and goes on listening. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Resolves when the port is free again. */
  async close(): Promise<void> {
    this.dropConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket, answer: Answer): void {
    let unread = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk])
      while (unread.length >= 4 && unread.length >= 4 + unread.readUInt32LE(0)) {
        const end = 4 + unread.readUInt32LE(0)
        const request = unread.subarray(4, end)
        unread = unread.subarray(end)
        this.requests.push(request.toString())
        const reply = answer(request, socket)
        if (reply !== undefined) socket.write(frame(reply))
      }
    })
  }
}

/** The bytes of one frame: its length, then the body. */
export function frame(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}
