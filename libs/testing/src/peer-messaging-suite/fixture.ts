import { WalrusError, type NodeId } from '@walrus/core'
import { expect } from 'chai'
import type { OpenPeerMessaging, PeerMessagingPlace, PeerMessagingSuiteOptions } from './suite-options.js'

/** Answers with the question and a mark. */
export const ECHO = 100
/** Answers when the test says so. */
export const HELD = 101
/** Rejects: with an expected failure, or with a defect. */
export const FAILING = 102
/** Answers with as many bytes as the question asks for. */
export const SIZED = 103
/** Nobody answers it. */
export const UNKNOWN = 104

export const TIMEOUT_MS = 10_000

/** A question of kind `HELD` that has arrived. */
export interface HeldQuestion {
  readonly text: string
  readonly from: NodeId
  readonly answer: (text: string) => void
}

/** Two nodes in a fresh place for each test. */
export class Fixture {
  readonly options: PeerMessagingSuiteOptions
  held: HeldQuestion[] = []
  #place: PeerMessagingPlace | undefined
  readonly #open = new Map<NodeId, OpenPeerMessaging>()

  constructor(options: PeerMessagingSuiteOptions) {
    this.options = options
  }

  async begin(): Promise<void> {
    this.held = []
    this.#place = await this.options.place()
    for (const node of [1, 2]) await this.open(node)
  }

  async end(): Promise<void> {
    for (const { answer } of this.held) answer('at the end')
    for (const node of [...this.#open.keys()]) await this.close(node)
    await this.#place?.remove()
  }

  async open(node: NodeId): Promise<void> {
    const opened = await this.#there.open(node)
    this.#open.set(node, opened)
    const { messaging } = opened
    messaging.handle(ECHO, async (payload, from) => bytes(`${text(payload)} of ${from} at ${node}`))
    messaging.handle(HELD, (payload, from) => {
      return new Promise((resolve) => {
        this.held.push({ text: text(payload), from, answer: (words) => resolve(bytes(words)) })
      })
    })
    messaging.handle(FAILING, async (payload) => {
      if (text(payload) === 'expected') throw new WalrusError('NOT_LEADER', 'Cannot append: node 3 leads')
      throw new Error('a secret')
    })
    messaging.handle(SIZED, async (payload) => new Uint8Array(Number(text(payload))))
  }

  /** Its questions fail; nobody is waited for. */
  async close(node: NodeId): Promise<void> {
    const opened = this.#open.get(node)
    this.#open.delete(node)
    await opened?.close()
  }

  messaging(node: NodeId): OpenPeerMessaging['messaging'] {
    const opened = this.#open.get(node)
    if (opened === undefined) throw new Error(`node ${node} is not open`)
    return opened.messaging
  }

  pass(milliseconds: number): Promise<void> {
    return this.#there.pass(milliseconds)
  }

  get #there(): PeerMessagingPlace {
    if (this.#place === undefined) throw new Error('the test has not begun')
    return this.#place
  }

  async ask(words: string, kind = ECHO, { from = 1, to = 2, timeoutMs = TIMEOUT_MS } = {}): Promise<string> {
    return text(await this.messaging(from).request(to, kind, bytes(words), timeoutMs))
  }

  /** Resolves once so many questions have arrived that nobody has answered. */
  async holds(count: number): Promise<readonly HeldQuestion[]> {
    while (this.held.length < count) await new Promise((resolve) => setImmediate(resolve))
    return this.held
  }
}

/** What a call rejects with. */
export async function failureOf(call: Promise<unknown>): Promise<WalrusError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown, 'a rejection').to.be.instanceOf(WalrusError)
  return thrown as WalrusError
}

export function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload)
}
