import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** forward: from who dialled to who listens; backward: the answers. */
export type LinkDirection = 'forward' | 'backward'

/** One connection through the link: a socket on each side. */
interface Passage {
  readonly dialled: Socket
  readonly onward: Socket
}

/** What the link does to one direction. */
interface Lane {
  delayMs: number
  blocked: boolean
  /** How many more bytes pass before the connections are reset. */
  bytesLeft: number
  /** How many more bytes pass before one is changed. */
  bytesToDamage: number
}

/**
 * A stretch of network between somebody who dials and a TCP server, that does what a test wants: it delays, stops one
 * direction or both, breaks after so many bytes, or changes one. Dial `address` instead of the server's.
 */
export class FaultyLink {
  readonly #server: Server
  #target: string
  readonly #passages = new Set<Passage>()
  readonly #lanes: Readonly<Record<LinkDirection, Lane>> = { forward: openLane(), backward: openLane() }
  readonly #passedBytes: Record<LinkDirection, number> = { forward: 0, backward: 0 }
  #refusing = false

  private constructor(target: string) {
    this.#target = target
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** `target` is host:port, and need not be there yet. */
  static async open(target: string): Promise<FaultyLink> {
    const link = new FaultyLink(target)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  /** host:port to dial. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connectionCount(): number {
    return this.#passages.size
  }

  /** Bytes that have passed in all. */
  passedBytes(direction: LinkDirection): number {
    return this.#passedBytes[direction]
  }

  /** Where connections lead from now on. */
  retarget(target: string): void {
    this.#target = target
  }

  /** Bytes take that much longer from now on; their order stays. */
  delay(delayMs: number): void {
    this.#lanes.forward.delayMs = delayMs
    this.#lanes.backward.delayMs = delayMs
  }

  /** Resets all connections, and every new one, until `heal`. */
  cut(): void {
    this.#refusing = true
    this.breakConnections()
  }

  /** Resets all connections; new ones are taken. */
  breakConnections(): void {
    for (const passage of this.#passages) reset(passage)
  }

  /** Stops one direction, silently: nothing is read there, and nothing is lost, until `heal`. */
  block(direction: LinkDirection): void {
    this.#lanes[direction].blocked = true
    for (const passage of this.#passages) source(passage, direction).pause()
  }

  /** After that many more bytes in a direction, all connections are reset, once. */
  breakAfter(direction: LinkDirection, byteCount: number): void {
    this.#lanes[direction].bytesLeft = byteCount
  }

  /** Changes the byte behind the next that many in a direction, once. */
  damageAfter(direction: LinkDirection, byteCount: number): void {
    this.#lanes[direction].bytesToDamage = byteCount
  }

  /** Ends `cut`, `block` and `delay`. */
  heal(): void {
    this.#refusing = false
    this.delay(0)
    for (const direction of ['forward', 'backward'] as const) {
      this.#lanes[direction].blocked = false
      for (const passage of this.#passages) source(passage, direction).resume()
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.breakConnections()
    await closed
  }

  #accept(dialled: Socket): void {
    dialled.on('error', () => undefined)
    if (this.#refusing) {
      dialled.resetAndDestroy()
      return
    }
    const at = this.#target.lastIndexOf(':')
    const place = { host: this.#target.slice(0, at), port: Number(this.#target.slice(at + 1)) }
    const onward = connect({ ...place, noDelay: true, allowHalfOpen: true })
    onward.on('error', () => undefined)
    const passage = { dialled, onward }
    this.#passages.add(passage)
    this.#carry(passage, 'forward')
    this.#carry(passage, 'backward')
    for (const socket of [dialled, onward]) socket.once('close', (failed) => this.#closed(passage, failed))
  }

  /** An orderly end is carried over like bytes; anything else ends both sides. */
  #closed(passage: Passage, failed: boolean): void {
    if (failed) reset(passage)
    if (passage.dialled.destroyed && passage.onward.destroyed) this.#passages.delete(passage)
  }

  #carry(passage: Passage, direction: LinkDirection): void {
    const lane = this.#lanes[direction]
    const from = source(passage, direction)
    const to = from === passage.dialled ? passage.onward : passage.dialled
    const queue = new DelayQueue()
    from.on('data', (chunk) => queue.add(lane.delayMs, () => this.#pass(passage, direction, chunk)))
    from.on('end', () => queue.add(lane.delayMs, () => to.end()))
    to.on('drain', () => lane.blocked || from.resume())
    if (lane.blocked) from.pause()
  }

  #pass(passage: Passage, direction: LinkDirection, chunk: Buffer): void {
    const lane = this.#lanes[direction]
    const passing = chunk.subarray(0, lane.bytesLeft)
    if (lane.bytesToDamage < passing.length) {
      passing[lane.bytesToDamage] = ~(passing[lane.bytesToDamage] ?? 0)
      lane.bytesToDamage = Infinity
    }
    lane.bytesLeft -= passing.length
    lane.bytesToDamage -= passing.length
    this.#passedBytes[direction] += passing.length
    const from = source(passage, direction)
    const to = from === passage.dialled ? passage.onward : passage.dialled
    if (!to.write(passing)) from.pause()
    if (lane.bytesLeft > 0) return
    lane.bytesLeft = Infinity
    // What has passed still arrives before the reset.
    to.write('', () => this.breakConnections())
  }
}

function openLane(): Lane {
  return { delayMs: 0, blocked: false, bytesLeft: Infinity, bytesToDamage: Infinity }
}

function source({ dialled, onward }: Passage, direction: LinkDirection): Socket {
  return direction === 'forward' ? dialled : onward
}

function reset({ dialled, onward }: Passage): void {
  dialled.resetAndDestroy()
  onward.resetAndDestroy()
}

/** Carries tasks out later, and in the order in which they came, also when the delay becomes shorter meanwhile. */
class DelayQueue {
  readonly #tasks: (() => void)[] = []

  add(delayMs: number, task: () => void): void {
    if (delayMs === 0 && this.#tasks.length === 0) return task()
    this.#tasks.push(task)
    setTimeout(() => this.#runUpTo(task), delayMs)
  }

  #runUpTo(last: () => void): void {
    const count = this.#tasks.indexOf(last) + 1
    for (const task of this.#tasks.splice(0, count)) task()
  }
}
