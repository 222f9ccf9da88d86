import { WalrusError, type StoredEntry } from '@walrus/core'
import { entryJson, entryLine } from './entry-words.js'
import { print, type LogStreams } from './log-streams.js'
import { withInspector } from './with-inspector.js'

export interface DumpOptions {
  readonly from: number
  readonly limit: number
  readonly raw?: true
  readonly json?: true
}

/** Prints entries of a topic. Rejects with `UNKNOWN_TOPIC`, and with `CORRUPT_DATA` at damage. */
export async function dumpLog(path: string, topic: string, options: DumpOptions, streams: LogStreams): Promise<void> {
  await withInspector(path, async (inspector, logPath) => {
    if (!inspector.topics.includes(topic))
      throw new WalrusError('UNKNOWN_TOPIC', `Cannot dump topic "${topic}": nothing of it is in "${logPath}"`)
    let left = options.limit
    if (left === 0) return
    for await (const entry of inspector.entries(topic, options.from)) {
      await print(streams.stdout, format(entry, options))
      left -= 1
      if (left === 0) break
    }
  })
}

function format(entry: StoredEntry, { raw, json }: DumpOptions): string | Uint8Array {
  if (raw) return entry.data
  return `${json ? entryJson(entry) : entryLine(entry)}\n`
}
