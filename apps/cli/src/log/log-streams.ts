import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** What the commands print to. */
export interface LogStreams {
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean }
}

/** Resolves when the stream takes more: a log can be larger than memory. */
export async function print(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}
