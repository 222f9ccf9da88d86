import type { WalrusClient } from '@walrus/client'
import { codeOf, connectTo, pause, type ClientContext, type LoadClient } from './client-context.js'

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
      if (client !== undefined && (await takeOne(client, this.#context)) === 'empty') await pause(EMPTY_MS)
    }
  }

  async #connected(): Promise<WalrusClient | undefined> {
    if (this.#client !== undefined) return this.#client
    this.#opening ??= connectTo(this.#context).finally(() => (this.#opening = undefined))
    return (this.#client = await this.#opening)
  }
}

/** One `GET`, recorded, with what became of it. */
export async function takeOne(
  client: WalrusClient,
  { topic, recorder }: Pick<ClientContext, 'topic' | 'recorder'>,
): Promise<'delivered' | 'empty' | 'unknown'> {
  const askedMs = recorder.now()
  try {
    const data = await client.get(topic)
    const outcome = data === undefined ? 'empty' : 'delivered'
    const entry = data === undefined ? {} : { entry: Buffer.from(data).toString('latin1') }
    recorder.take(topic, { outcome, ...entry, askedMs, answeredMs: recorder.now() })
    return outcome
  } catch (error) {
    recorder.failed(codeOf(error))
    recorder.take(topic, { outcome: 'unknown', askedMs, answeredMs: recorder.now() })
    await pause(FAILED_MS)
    return 'unknown'
  }
}

const AT_ONCE = 4
const EMPTY_MS = 50
const FAILED_MS = 100
