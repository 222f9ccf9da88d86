import { ClientError, type WalrusClient } from '@walrus/client'
import type { PutEvent } from '@walrus/testing'
import { codeOf, connectTo, pause, UNSENT, type ClientContext, type LoadClient } from './client-context.js'

/** One connection; its entries are in the log in the order in which it sent them. */
interface Session {
  readonly client: WalrusClient
  readonly writer: string
}

/** Sends `PUT`s without waiting for the ones before, at a rate, over one connection as long as it holds. */
export class TextWriter implements LoadClient {
  readonly #context: ClientContext
  #session: Session | undefined
  #sessions = 0
  #sequence = 0
  readonly #inFlight = new Set<Promise<void>>()

  constructor(context: ClientContext) {
    this.#context = context
  }

  async run(stop: AbortSignal): Promise<void> {
    let owed = 0
    while (!stop.aborted) {
      const session = (this.#session ??= await this.#open())
      owed = Math.min(IN_FLIGHT_MAX - this.#inFlight.size, owed + (this.#context.rate * TURN_MS) / 1000)
      for (; session !== undefined && owed >= 1; owed -= 1) this.#send(session)
      await pause(TURN_MS)
    }
    await Promise.all(this.#inFlight)
    this.#session?.client.destroy()
  }

  async #open(): Promise<Session | undefined> {
    const client = await connectTo(this.#context)
    this.#sessions += 1
    return client && { client, writer: `${this.#context.name}/${this.#sessions}` }
  }

  #send(session: Session): void {
    const put = this.#put(session)
    this.#inFlight.add(put)
    void put.finally(() => this.#inFlight.delete(put))
  }

  async #put(session: Session): Promise<void> {
    const { topic, name, recorder } = this.#context
    const sequence = (this.#sequence += 1)
    const entry = `${name}:${sequence}`
    const event = { entry, writer: session.writer, sequence, askedMs: recorder.now() }
    const outcome = await this.#outcome(session, topic, entry)
    recorder.put(topic, [{ ...event, outcome, answeredMs: recorder.now() }])
  }

  async #outcome(session: Session, topic: string, entry: string): Promise<PutEvent['outcome']> {
    try {
      await session.client.put(topic, entry)
      return 'acked'
    } catch (error) {
      const code = codeOf(error)
      this.#context.recorder.failed(code)
      // An error that the broker answered leaves the connection, and the order on it, as they are.
      if (this.#session === session && endsConnection(error)) this.#drop(session)
      return UNSENT.has(code) ? 'refused' : 'unknown'
    }
  }

  /** What is still under way may have its answer. */
  #drop({ client }: Session): void {
    this.#session = undefined
    void client.close()
  }
}

function endsConnection(error: unknown): boolean {
  return !(error instanceof ClientError) || error.code !== 'REFUSED'
}

const IN_FLIGHT_MAX = 64
const TURN_MS = 20
