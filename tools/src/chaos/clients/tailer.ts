import type { WalrusClient } from '@walrus/client'
import { codeOf, connectTo, pause, type ClientContext, type LoadClient } from './client-context.js'

/** Reads the topic by offset through its node, from the beginning on, and waits at the end for more. */
export class Tailer implements LoadClient {
  readonly #context: ClientContext

  constructor(context: ClientContext) {
    this.#context = context
  }

  async run(stop: AbortSignal): Promise<void> {
    const { topic, name, recorder } = this.#context
    const reader = recorder.history(topic).observed.reader(name)
    let client: WalrusClient | undefined
    while (!stop.aborted) {
      client ??= await connectTo(this.#context)
      if (client === undefined) continue
      try {
        const { entries } = await client.fetch(topic, reader.nextOffset, { maxWaitMs: LONG_POLL_MS })
        for (const { offset, data } of entries) reader.see({ offset, entry: Buffer.from(data).toString('latin1') })
      } catch (error) {
        recorder.failed(codeOf(error))
        client.destroy()
        client = undefined
        await pause(FAILED_MS)
      }
    }
    client?.destroy()
  }
}

const LONG_POLL_MS = 500
const FAILED_MS = 100
