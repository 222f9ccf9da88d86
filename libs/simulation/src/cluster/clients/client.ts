import { SHARED_CURSOR } from '@walrus/core'
import { commands, type BinaryReplyOf } from '@walrus/protocol'
import { randomBelow, type Random } from '@walrus/testing'
import { between, oneOf } from '../../plan/random-choice.js'
import type { ClusterWorld } from '../world/cluster-world.js'
import { ClientConnection } from './client-connection.js'
import type { TopicHistory } from './history.js'

export interface ClientOptions {
  readonly name: string
  readonly world: ClusterWorld
  readonly random: Random
  readonly histories: readonly [TopicHistory, ...TopicHistory[]]
}

/** A program that uses the cluster by chance, through whatever node it finds, and notes all that it is told. */
export class Client {
  readonly #options: ClientOptions
  #connection: ClientConnection | undefined
  #connectionCount = 0
  #entryCount = 0
  #producer: { id: number; sequences: Map<string, number> }
  #stopped = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.#producer = this.#newProducer()
  }

  /** Resolves when it was told to stop, and what it had begun is over. */
  async work(): Promise<void> {
    while (!this.#stopped) {
      await this.#pause(between(this.#options.random, 1, 400))
      if (this.#stopped) break
      if (randomBelow(this.#options.random, 10) === 0) this.#disconnect()
      await this.#act()
    }
    this.#disconnect()
  }

  stop(): void {
    this.#stopped = true
  }

  async #act(): Promise<void> {
    const { random, histories } = this.#options
    const history = oneOf(random, histories)
    const connection = this.#connect()
    if (connection === undefined) return
    switch (randomBelow(random, 8)) {
      case 0:
      case 1:
      case 2:
        return await this.#put(connection, history)
      case 3:
        return await this.#append(history)
      case 4:
        return await this.#get(connection, history)
      case 5:
        return void (await takeSome(connection, history, between(random, 1, 10)))
      default:
        return await this.#fetch(connection, history)
    }
  }

  /** Some PUTs, one behind the other, without waiting for answers. */
  async #put(connection: ClientConnection, history: TopicHistory): Promise<void> {
    const count = between(this.#options.random, 1, 8)
    await Promise.all(Array.from({ length: count }, () => this.#putOne(connection, history)))
  }

  async #putOne(connection: ClientConnection, history: TopicHistory): Promise<void> {
    const entry = this.#newEntry()
    const { topic } = history
    history.sent(entry, connection.name, this.#entryCount)
    const frame = commands.put.requestFrame({ command: 'put', topic, payload: encoder.encode(entry) })
    const answer = await connection.text(frame)
    const reply = answer && commands.put.readReply(answer, 0, answer.length)
    if (reply?.kind === 'ok') history.settled(entry, 'acked')
    else if (reply?.kind === 'error' && reply.message.endsWith('was not stored')) history.settled(entry, 'refused')
    if (reply?.kind === 'error') this.#tell(`PUT to ${topic} fails: ${reply.message}`)
  }

  /** A batch that is sent until its outcome is known, on whatever connection. */
  async #append(history: TopicHistory): Promise<void> {
    const { random } = this.#options
    const { topic } = history
    const producer = this.#producer
    const sequence = producer.sequences.get(topic) ?? 0
    const entries = Array.from({ length: between(random, 1, 5) }, () => this.#newEntry())
    producer.sequences.set(topic, sequence + entries.length)
    for (const [at, entry] of entries.entries()) history.sent(entry, `producer ${producer.id}`, sequence + at)
    const reply = await this.#appendUntilKnown(topic, { id: producer.id, sequence }, entries)
    if (reply === undefined) this.#producer = this.#newProducer()
    else for (const [at, entry] of entries.entries()) history.settled(entry, 'acked', offsetAt(reply.firstOffset, at))
  }

  async #appendUntilKnown(
    topic: string,
    producer: { readonly id: number; readonly sequence: number },
    entries: readonly string[],
  ): Promise<BinaryReplyOf<'append'> | undefined> {
    const payloads = entries.map((entry) => encoder.encode(entry))
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !this.#stopped; attempt += 1) {
      const outcome = await this.#connect()?.binary({ command: 'append', topic, producer, entries: payloads })
      if (outcome?.kind === 'answered') return outcome.reply
      if (outcome?.kind === 'failed') this.#tell(`append to ${topic} fails: ${outcome.code} ${outcome.message}`)
      this.#disconnect()
      await this.#pause(between(this.#options.random, 10, 300))
    }
    return undefined
  }

  async #get(connection: ClientConnection, history: TopicHistory): Promise<void> {
    const count = between(this.#options.random, 1, 3)
    await Promise.all(Array.from({ length: count }, () => getOne(connection, history)))
  }

  async #fetch(connection: ClientConnection, history: TopicHistory): Promise<void> {
    const { random } = this.#options
    const { topic } = history
    const offset = randomBelow(random, history.puts.length + 1)
    const maxEntries = between(random, 1, 50)
    const outcome = await connection.binary({
      command: 'fetch',
      topic,
      offset,
      maxEntries,
      maxBytes: 100_000,
      maxWaitMs: 0,
    })
    if (outcome.kind !== 'answered') return
    for (const { offset: at, data } of outcome.reply.entries) {
      history.reads.push({ entry: decoder.decode(data), offset: at })
    }
  }

  /** To any node that serves; undefined when there is none. */
  #connect(): ClientConnection | undefined {
    if (this.#connection !== undefined && !this.#connection.isClosed) return this.#connection
    const { world, random, name } = this.#options
    const lives = world.machines.flatMap((machine) => (machine.isPaused ? [] : (machine.life ?? [])))
    const life = lives[randomBelow(random, lives.length)]
    if (life === undefined) return undefined
    this.#connectionCount += 1
    this.#connection = new ClientConnection({ life, time: world.time, name: `${name}/${this.#connectionCount}` })
    return this.#connection
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #newEntry(): string {
    const { name, random } = this.#options
    this.#entryCount += 1
    const length = oneOf(random, [0, 0, 0, 20, 90, 900])
    return `${name}-${this.#entryCount}:${'x'.repeat(length)}`
  }

  #newProducer(): { id: number; sequences: Map<string, number> } {
    return { id: 1 + randomBelow(this.#options.random, 2 ** 48), sequences: new Map() }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#options.world.time.after(milliseconds, resolve))
  }

  #tell(line: string): void {
    this.#options.world.tell(`${this.#options.name}: ${line}`)
  }
}

export type Taken = 'entry' | 'empty' | 'failed'

/** Takes the next entry at the shared cursor. */
export async function getOne(connection: ClientConnection, history: TopicHistory): Promise<Taken> {
  const answer = await connection.text(commands.get.requestFrame({ command: 'get', topic: history.topic }))
  const reply = answer && commands.get.readReply(answer, 0, answer.length)
  if (reply?.kind === 'entry') history.delivered.push(decoder.decode(reply.payload))
  if (reply?.kind === 'entry' || reply?.kind === 'empty') return reply.kind
  history.lostDeliveriesMax += 1
  return 'failed'
}

/** Takes several at once. */
export async function takeSome(
  connection: ClientConnection,
  history: TopicHistory,
  maxEntries: number,
): Promise<Taken> {
  const { topic } = history
  const bounds = { maxEntries, maxBytes: 100_000, maxWaitMs: 0 }
  const outcome = await connection.binary({ command: 'next', topic, cursor: SHARED_CURSOR, ...bounds })
  if (outcome.kind !== 'answered') {
    history.lostDeliveriesMax += maxEntries
    return 'failed'
  }
  history.delivered.push(...outcome.reply.entries.map(({ data }) => decoder.decode(data)))
  return outcome.reply.entries.length > 0 ? 'entry' : 'empty'
}

function offsetAt(first: number | undefined, at: number): number | undefined {
  return first === undefined ? undefined : first + at
}

const ATTEMPTS_MAX = 20
const encoder = new TextEncoder()
const decoder = new TextDecoder()
