import { NotAskedError, WalrusError, type ErrorCode, type NodeId, type PeerMessaging, type Timer } from '@walrus/core'
import type { PeerRequests } from '@walrus/membership'
import {
  crc32,
  decodePeerFrame,
  encodePeerFrame,
  FRAME_HEADER_BYTES,
  type PeerAnswer,
  type PeerFailure,
  type PeerRequest,
} from '@walrus/protocol'
import type { Links } from './links.js'
import type { SimulatedProcess } from './simulated-process.js'

/** The ports that are open now: a machine that is down listens at none. */
export type PeerDirectory = Map<NodeId, PeerPort>

export interface PeerPortOptions {
  readonly nodeId: NodeId
  readonly process: SimulatedProcess
  readonly links: Links
  readonly directory: PeerDirectory
}

type Handler = (payload: Uint8Array, from: NodeId) => Promise<Uint8Array>

interface Pending {
  readonly target: NodeId
  readonly timer: Timer
  readonly resolve: (payload: Uint8Array) => void
  readonly reject: (error: WalrusError) => void
}

/** The questions of one life of a node, through the real frames between peers, over streams that break. */
export class PeerPort implements PeerMessaging {
  readonly #options: PeerPortOptions
  readonly #handlers = new Map<number, Handler>()
  readonly #pending = new Map<number, Pending>()
  /** Ascends when the connection breaks: what was on its way then does not arrive. */
  readonly #connections = new Map<NodeId, number>()
  #lastId = 0

  constructor(options: PeerPortOptions) {
    this.#options = options
    options.directory.set(options.nodeId, this)
  }

  request(target: NodeId, requestKind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { process } = this.#options
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const timer = process.after(timeoutMs, () => {
        this.#fail(id, new WalrusError('TIMED_OUT', `Cannot ask node ${target}: no answer within ${timeoutMs} ms`))
      })
      this.#pending.set(id, { target, timer, resolve, reject })
      this.#send(target, { kind: 'request', id, requestKind, timeoutMs: Math.ceil(timeoutMs), payload })
    })
  }

  handle(kind: number, handler: Handler): void {
    this.#handlers.set(kind, handler)
  }

  /** The same port as a room needs it that knows addresses. */
  asRequests(idOf: (address: string) => NodeId): PeerRequests {
    return {
      request: (target, kind, payload, timeoutMs) =>
        this.request(typeof target === 'string' ? idOf(target) : target, kind, payload, timeoutMs),
      handle: (kind, _access, handler) => this.handle(kind, (payload) => handler(payload, { timeoutMs: 5_000 })),
    }
  }

  /** The process is gone: whoever is connected learns it, unless the link is cut. */
  vanish(): void {
    const { nodeId, directory, links } = this.#options
    directory.delete(nodeId)
    for (const [other, port] of directory) links.carryStream(nodeId, other, () => port.break(nodeId))
  }

  /** The connection to that node breaks: what was asked and not answered has an outcome that nobody knows. */
  break(other: NodeId): void {
    this.#options.process.run(() => {
      this.#connections.set(other, this.#connectionTo(other) + 1)
      const error = new WalrusError('UNAVAILABLE', `Cannot ask node ${other}: the connection broke`)
      for (const [id, { target }] of [...this.#pending]) if (target === other) this.#fail(id, error)
    })
  }

  /** For the port at the other end. */
  receive(from: NodeId, bytes: Uint8Array): void {
    const frame = decodePeerFrame(bytes, FRAME_HEADER_BYTES, bytes.length, crc32)
    if (typeof frame === 'string') throw new Error(`a frame of node ${from} cannot be read: ${frame}`)
    if (frame.kind === 'request') void this.#answer(from, frame)
    else if (frame.kind === 'answer') this.#settle(frame.id, (pending) => pending.resolve(frame.payload))
    else if (frame.kind === 'failure') this.#fail(frame.id, new WalrusError(frame.code as ErrorCode, frame.message))
  }

  async #answer(from: NodeId, { id, requestKind, payload }: PeerRequest): Promise<void> {
    const connection = this.#connectionTo(from)
    const reply = await this.#outcome(from, id, requestKind, payload)
    if (connection === this.#connectionTo(from)) this.#send(from, reply)
  }

  async #outcome(from: NodeId, id: number, kind: number, payload: Uint8Array): Promise<PeerAnswer | PeerFailure> {
    try {
      const handler = this.#handlers.get(kind)
      if (handler === undefined) throw new WalrusError('UNAVAILABLE', `Cannot answer: kind ${kind} has no handler`)
      return { kind: 'answer', id, payload: await handler(payload, from) }
    } catch (error) {
      if (error instanceof WalrusError) return { kind: 'failure', id, code: error.code, message: error.message }
      throw error
    }
  }

  #send(to: NodeId, frame: PeerRequest | PeerAnswer | PeerFailure): void {
    const { nodeId, links, directory, process } = this.#options
    const bytes = encodePeerFrame(frame, crc32)
    const connection = this.#connectionTo(to)
    const carried = links.carryStream(nodeId, to, () => {
      if (connection !== this.#connectionTo(to)) return
      const port = directory.get(to)
      if (port !== undefined) port.#options.process.run(() => port.receive(nodeId, bytes))
      else if (frame.kind === 'request')
        links.carryStream(to, nodeId, () => process.run(() => this.#notAsked(frame.id)))
    })
    if (carried) return
    process.defer(() => this.break(to))
    directory.get(to)?.break(nodeId)
  }

  #notAsked(id: number): void {
    const target = this.#pending.get(id)?.target
    this.#fail(id, new NotAskedError(`Cannot ask node ${target}: the connection is refused`))
  }

  #fail(id: number, error: WalrusError): void {
    this.#settle(id, (pending) => pending.reject(error))
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    pending.timer.cancel()
    settle(pending)
  }

  #connectionTo(node: NodeId): number {
    return this.#connections.get(node) ?? 0
  }
}
