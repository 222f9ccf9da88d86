import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { FrameReader, frame } from '@walrus/protocol'

/**
 * A client that trusts nobody: it sends the bytes that it is given, and hands out the frames that come back in their order.
 * Anything from a whole request to a byte of one can be sent.
 */
export class RawClient {
  readonly #socket: Socket
  readonly #reader = new FrameReader({ maxFrameBytes: 0xffffffff })
  readonly #frames: Buffer[] = []
  readonly #waiting: { readonly resolve: (frame: Buffer) => void; readonly reject: (reason: Error) => void }[] = []
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#close())
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** True once the connection is gone, whoever ended it. */
  get closed(): boolean {
    return this.#closed
  }

  /** Frames that came and that nobody took yet. */
  get frameCount(): number {
    return this.#frames.length
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Sends one request. */
  send(request: string | Uint8Array): void {
    this.sendBytes(frame(Buffer.from(request)))
  }

  /** Sends one request and gives the next frame, which is its answer if none was left before. */
  ask(request: string | Uint8Array): Promise<string> {
    this.send(request)
    return this.nextText()
  }

  /** Resolves once what was sent is with the system. */
  async flushed(): Promise<void> {
    await new Promise((resolve) => this.#socket.write(new Uint8Array(), resolve))
  }

  /** The next frame's payload; rejects if the connection closes before it is there. */
  nextFrame(): Promise<Buffer> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#closed) return Promise.reject(new Error('the connection is closed'))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async nextText(): Promise<string> {
    return (await this.nextFrame()).toString()
  }

  /** The payloads of the next `count` frames. */
  async nextTexts(count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.nextText())
    return texts
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Sends no more; answers are still read. */
  end(): void {
    this.#socket.end()
  }

  /** Cuts the connection with a reset, and resolves once it is gone. */
  async destroy(): Promise<void> {
    this.#socket.resetAndDestroy()
    await this.whenClosed()
  }

  async whenClosed(): Promise<void> {
    if (!this.#closed) await new Promise((resolve) => this.#socket.once('close', resolve))
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk)
    while (this.#reader.next()) {
      const frame = Buffer.from(this.#reader.bytes.slice(this.#reader.start, this.#reader.end))
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(frame)
      else waiting.resolve(frame)
    }
  }

  #close(): void {
    this.#closed = true
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection closed before a frame came'))
  }
}
