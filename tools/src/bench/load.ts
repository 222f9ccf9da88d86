import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Sample } from './benchmark.js'
import { Latencies } from './latencies.js'

/** A closed loop: each connection keeps so many requests in flight, and sends the next when an answer comes. */
export interface Load {
  /** Of the server on the loopback address, for each connection. */
  readonly port: number | ((connection: number) => number)
  readonly connections: number
  readonly inFlight: number
  /** Requests in all, over all connections. */
  readonly count: number
  /** One request, framed, for a connection. */
  readonly request: (connection: number) => Uint8Array
  /** What each answer must be, to the byte. */
  readonly answer: Uint8Array
  /** So many bytes of each answer, from its first on, must be those of `answer`; all of them unless told. */
  readonly fixedBytes?: number
}

/** Requests per second, and the latency of each as its client sees it. */
export async function run(load: Load): Promise<Sample> {
  const latencies = new Latencies()
  const perConnection = Math.floor(load.count / load.connections)
  const clients = await Promise.all(
    Array.from({ length: load.connections }, (_, at) => LoadConnection.open(load, at, perConnection, latencies)),
  )
  const started = performance.now()
  await Promise.all(clients.map((client) => client.finish()))
  const seconds = (performance.now() - started) / 1000
  return { value: (perConnection * load.connections) / seconds, latency: latencies.summary() }
}

class LoadConnection {
  readonly #socket: Socket
  readonly #load: Load
  readonly #latencies: Latencies
  /** As many requests as are in flight, one behind the other: any number of them is a view. */
  readonly #requests: Uint8Array
  readonly #answers: Buffer
  readonly #requestBytes: number
  /** When the requests in flight were sent, oldest first: [time, how many]. */
  readonly #sent: { at: number; count: number }[] = []
  #toSend: number
  #toReceive: number
  /** Bytes of an answer whose rest is still to come. */
  #partial = 0

  private constructor(socket: Socket, load: Load, connection: number, count: number, latencies: Latencies) {
    this.#socket = socket
    this.#load = load
    this.#latencies = latencies
    const request = load.request(connection)
    this.#requestBytes = request.length
    this.#requests = Buffer.concat(Array.from({ length: load.inFlight }, () => request))
    this.#answers = Buffer.concat(Array.from({ length: load.inFlight + 1 }, () => load.answer))
    this.#toSend = count
    this.#toReceive = count
  }

  static async open(load: Load, connection: number, count: number, latencies: Latencies): Promise<LoadConnection> {
    const port = typeof load.port === 'number' ? load.port : load.port(connection)
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new LoadConnection(socket, load, connection, count, latencies)
  }

  async finish(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.on('data', (chunk) => this.#receive(chunk, resolve))
      this.#socket.on('error', reject)
      this.#socket.on('close', () => reject(new Error('The server closed a connection')))
      this.#send(this.#load.inFlight)
    })
    this.#socket.removeAllListeners('close').destroy()
  }

  #send(wanted: number): void {
    const count = Math.min(wanted, this.#toSend)
    if (count === 0) return
    this.#toSend -= count
    this.#sent.push({ at: performance.now(), count })
    this.#socket.write(this.#requests.subarray(0, count * this.#requestBytes))
  }

  #receive(chunk: Buffer, done: () => void): void {
    const answerBytes = this.#load.answer.length
    if (!this.#isExpected(chunk)) throw new Error(`Unexpected answer: ${chunk.subarray(0, 100).toString('latin1')}`)
    const bytes = this.#partial + chunk.length
    const count = Math.floor(bytes / answerBytes)
    this.#partial = bytes % answerBytes
    this.#note(count)
    this.#toReceive -= count
    if (this.#toReceive === 0) done()
    else this.#send(count)
  }

  #isExpected(chunk: Buffer): boolean {
    const { answer, fixedBytes } = this.#load
    if (fixedBytes === undefined) {
      return chunk.equals(this.#answers.subarray(this.#partial, this.#partial + chunk.length))
    }
    for (let at = 0; at < chunk.length; at++) {
      const inAnswer = (this.#partial + at) % answer.length
      if (inAnswer < fixedBytes && chunk[at] !== answer[inAnswer]) return false
    }
    return true
  }

  /** Every request counts: a group that was sent together has one time. */
  #note(count: number): void {
    const now = performance.now()
    let left = count
    while (left > 0) {
      const [oldest] = this.#sent
      if (!oldest) throw new Error('More answers than requests')
      const taken = Math.min(left, oldest.count)
      for (let one = 0; one < taken; one++) this.#latencies.add(now - oldest.at)
      oldest.count -= taken
      left -= taken
      if (oldest.count === 0) this.#sent.shift()
    }
  }
}

/** `payload` with its length in front. */
export function framed(payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeUInt32LE(payload.length)
  frame.set(payload, 4)
  return frame
}
