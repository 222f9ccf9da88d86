import type { WalrusClient } from '@walrus/client'
import { codeOf, connectTo, pause, UNSENT, type ClientContext, type LoadClient } from './client-context.js'

/** Takes entries at the topic's shared cursor with `GET`, several at once over one connection. */
export class Taker implements LoadClient {
  readonly #context: ClientContext
  #client: WalrusClient | undefined
  #opening: Promise<WalrusClient | undefined> | undefined

  constructor(context: ClientContext) {
    this.#context = context
  }

  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#takeUntil(stop)))
    this.#client?.destroy()
  }

  async #takeUntil(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const client = await this.#connected()
      if (client === undefined) continue
      const outcome = await takeOne(client, this.#context)
      if (outcome === 'empty') await pause(EMPTY_MS)
      if (outcome === 'failed') this.#drop(client)
    }
  }

  /** Another node may sit there by now. What is under way may have its answer. */
  #drop(client: WalrusClient): void {
    if (this.#client === client) this.#client = undefined
    void client.close()
  }

  async #connected(): Promise<WalrusClient | undefined> {
    if (this.#client !== undefined) return this.#client
    this.#opening ??= connectTo(this.#context).finally(() => (this.#opening = undefined))
    return (this.#client = await this.#opening)
  }
}

/** One `GET`, recorded with what became of it; one that cannot have reached the node is none. */
export async function takeOne(
  client: WalrusClient,
  { topic, recorder }: Pick<ClientContext, 'topic' | 'recorder'>,
): Promise<'delivered' | 'empty' | 'failed'> {
  const askedMs = recorder.now()
  try {
    const data = await client.get(topic)
    const outcome = data === undefined ? 'empty' : 'delivered'
    const entry = data === undefined ? {} : { entry: Buffer.from(data).toString('latin1') }
    recorder.take(topic, { outcome, ...entry, askedMs, answeredMs: recorder.now() })
    return outcome
  } catch (error) {
    const code = codeOf(error)
    recorder.failed(code)
    if (!UNSENT.has(code)) recorder.take(topic, { outcome: 'unknown', askedMs, answeredMs: recorder.now() })
    await pause(FAILED_MS)
    return 'failed'
  }
}

const AT_ONCE = 4
const EMPTY_MS = 50
const FAILED_MS = 100
