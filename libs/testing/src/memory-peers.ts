import { NotAskedError, WalrusError, type Clock, type NodeId, type PeerMessaging } from '@walrus/core'

type Handler = (payload: Uint8Array, from: NodeId) => Promise<Uint8Array>

/** What a link does with a question: carry it, lose it, or carry it and lose the answer. */
export type QuestionFate = 'carried' | 'lost' | 'answer-lost'

/** One question, as whoever decides its fate sees it. */
export interface QuestionInfo {
  readonly from: NodeId
  readonly to: NodeId
  readonly kind: number
  readonly payload: Uint8Array
}

export interface MemoryPeersOptions {
  readonly clock: Clock
  /** Decides what becomes of each question; all are carried unless told. */
  readonly fate?: (question: QuestionInfo) => QuestionFate
  /** How long a question takes to get there, and its answer to come back; 0 is the next turn of the event loop. */
  readonly delayMs?: (from: NodeId, to: NodeId) => number
  /** Bytes of a question or an answer; any number unless told. */
  readonly payloadBytesMax?: number
  /** Questions of one node to another without an answer; any number unless told. */
  readonly questionsMax?: number
}

/**
 * Nodes that ask each other in memory: the readable definition of `PeerMessaging`, and a network that does to questions what
 * a test wants. Questions of one node to another keep their order, however long each takes.
 */
export class MemoryPeers {
  /** May be changed at any time, for what is asked from then on. */
  fate: (question: QuestionInfo) => QuestionFate
  delayMs: (from: NodeId, to: NodeId) => number
  readonly payloadBytesMax: number
  readonly questionsMax: number
  readonly #clock: Clock
  readonly #peers = new Map<NodeId, MemoryPeer>()
  readonly #cutLinks = new Set<string>()
  readonly #paused = new Map<NodeId, (() => void)[]>()
  readonly #lastArrivalMs = new Map<string, number>()

  constructor({ clock, fate = () => 'carried', delayMs = () => 0, ...limits }: MemoryPeersOptions) {
    this.#clock = clock
    this.payloadBytesMax = limits.payloadBytesMax ?? Infinity
    this.questionsMax = limits.questionsMax ?? Infinity
    this.fate = fate
    this.delayMs = delayMs
  }

  /** The messaging of one node, from now until it is closed. A node that is open already is closed first. */
  open(node: NodeId): MemoryPeer {
    this.#peers.get(node)?.close()
    const peer = new MemoryPeer(this, this.#clock, node)
    this.#peers.set(node, peer)
    return peer
  }

  at(node: NodeId): MemoryPeer | undefined {
    return this.#peers.get(node)
  }

  /** Loses everything from one node to another, in this direction only, also the answers that are on their way. */
  cut(from: NodeId, to: NodeId): void {
    this.#cutLinks.add(linkOf(from, to))
  }

  /** Cuts all links of the node, both ways. */
  isolate(node: NodeId): void {
    for (const other of this.#peers.keys()) {
      if (other === node) continue
      this.cut(node, other)
      this.cut(other, node)
    }
  }

  /** Lets everything through again. */
  heal(): void {
    this.#cutLinks.clear()
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cutLinks.has(linkOf(from, to))
  }

  /** Whatever arrives at the node waits until `resume`, as at a stopped process. */
  pause(node: NodeId): void {
    if (!this.#paused.has(node)) this.#paused.set(node, [])
  }

  resume(node: NodeId): void {
    const waiting = this.#paused.get(node) ?? []
    this.#paused.delete(node)
    for (const arrival of waiting) arrival()
  }

  /** Calls `arrive` when something sent now from one node is at the other, unless the link is cut by then. */
  carry(from: NodeId, to: NodeId, arrive: () => void): void {
    const link = linkOf(from, to)
    const nowMs = this.#clock.monotonicMs()
    const arrivalMs = Math.max(nowMs + this.delayMs(from, to), this.#lastArrivalMs.get(link) ?? 0)
    this.#lastArrivalMs.set(link, arrivalMs)
    const land = (): void => {
      if (!this.isCut(from, to)) this.#land(to, arrive)
    }
    if (arrivalMs <= nowMs) setImmediate(land)
    else this.#clock.after(arrivalMs - nowMs, land)
  }

  /** The process of the node is gone: whoever waits for its answers learns that the connection broke, unless the link is cut. */
  break(node: NodeId): void {
    for (const peer of this.#peers.values()) peer.loseAnswersOf(node)
  }

  #land(to: NodeId, arrive: () => void): void {
    const waiting = this.#paused.get(to)
    if (waiting === undefined) arrive()
    else waiting.push(arrive)
  }
}

/** One node's end of `MemoryPeers`. */
export class MemoryPeer implements PeerMessaging {
  readonly #network: MemoryPeers
  readonly #clock: Clock
  readonly #node: NodeId
  readonly #handlers = new Map<number, Handler>()
  /** Who waits for an answer, and from whom. */
  readonly #pending = new Map<(error: WalrusError) => void, NodeId>()
  #closed = false

  constructor(network: MemoryPeers, clock: Clock, node: NodeId) {
    this.#network = network
    this.#clock = clock
    this.#node = node
  }

  request(node: NodeId, kind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const obstacle = this.#obstacle(node, payload)
    if (obstacle !== undefined) return Promise.reject(new NotAskedError(`Cannot ask node ${node}: ${obstacle}`))
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        settle()
        reject(new WalrusError('TIMED_OUT', `Cannot ask node ${node}: no answer within ${timeoutMs} ms`))
      })
      const fail = (error: WalrusError): void => {
        settle()
        reject(error)
      }
      const settle = (): void => {
        timer.cancel()
        this.#pending.delete(fail)
      }
      this.#pending.set(fail, node)
      this.#ask({ from: this.#node, to: node, kind, payload: new Uint8Array(payload) }, fail, (answer) => {
        settle()
        resolve(answer)
      })
    })
  }

  handle(kind: number, handler: Handler): void {
    if (this.#handlers.has(kind)) throw new Error(`request kind ${kind} has one handler`)
    this.#handlers.set(kind, handler)
  }

  /** The process is gone: it answers nothing any more, and whoever waits for it learns that the connection broke. */
  close(): void {
    this.#closed = true
    this.#network.break(this.#node)
    for (const fail of [...this.#pending.keys()]) fail(cannotAsk(this.#node, 'this node is closed'))
  }

  /** For the network. */
  loseAnswersOf(node: NodeId): void {
    for (const [fail, asked] of this.#pending) {
      if (asked !== node) continue
      this.#network.carry(node, this.#node, () => {
        if (this.#pending.has(fail)) fail(cannotAsk(node, 'the connection broke'))
      })
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  async answer(question: QuestionInfo): Promise<Uint8Array> {
    const handler = this.#handlers.get(question.kind)
    if (handler === undefined) throw cannotAnswer(`this node answers no requests of kind ${question.kind}`)
    const answer = await this.#handled(handler, question)
    if (answer.length > this.#network.payloadBytesMax) throw cannotAnswer(`${answer.length} bytes are too many`)
    return new Uint8Array(answer)
  }

  /** Of a defect nothing is told. */
  async #handled(handler: Handler, { payload, from }: QuestionInfo): Promise<Uint8Array> {
    try {
      return await handler(payload, from)
    } catch (error) {
      throw error instanceof WalrusError ? error : cannotAnswer('the request has failed', error)
    }
  }

  #obstacle(node: NodeId, { length }: Uint8Array): string | undefined {
    const { payloadBytesMax, questionsMax } = this.#network
    if (this.#closed) return 'this node is closed'
    if (length > payloadBytesMax) return `${length} bytes are too many`
    const count = [...this.#pending.values()].filter((asked) => asked === node).length
    return count >= questionsMax ? `${count} questions wait already` : undefined
  }

  #ask(question: QuestionInfo, fail: (error: WalrusError) => void, answer: (bytes: Uint8Array) => void): void {
    const { from, to } = question
    const fate = this.#network.fate(question)
    if (fate === 'lost') return
    this.#network.carry(from, to, () => {
      const peer = this.#network.at(to)
      const back = (arrive: () => void): void => this.#network.carry(to, from, arrive)
      if (peer === undefined || peer.closed)
        return back(() => fail(new NotAskedError(`Cannot ask node ${to}: it does not listen`)))
      peer.answer(question).then(
        (bytes) => {
          if (fate === 'carried') this.#reply(peer, to, () => answer(bytes), fail)
        },
        (error: unknown) => {
          if (fate === 'carried') this.#reply(peer, to, () => fail(error as WalrusError), fail)
        },
      )
    })
  }

  /** An answer of a process that is gone by now has not left it. */
  #reply(peer: MemoryPeer, to: NodeId, arrive: () => void, fail: (error: WalrusError) => void): void {
    const outcome = peer.closed ? () => fail(cannotAsk(to, 'the connection broke')) : arrive
    this.#network.carry(to, this.#node, outcome)
  }
}

function linkOf(from: NodeId, to: NodeId): string {
  return `${from}>${to}`
}

function cannotAnswer(reason: string, cause?: unknown): WalrusError {
  return new WalrusError('UNAVAILABLE', `Cannot answer: ${reason}`, cause)
}

function cannotAsk(node: NodeId, reason: string): WalrusError {
  return new WalrusError('UNAVAILABLE', `Cannot ask node ${node}: ${reason}`)
}
