import type { LogReader } from '@walrus/testing'
import type { TestCluster } from '../cluster-test/test-cluster.js'
import { until } from '../cluster-test/until.js'

export interface ReadLogOptions {
  readonly topic: string
  readonly reader: LogReader
  /** Offset of the last entry that must be there. */
  readonly end: number
  readonly timeoutMs: number
}

/** Reads a topic through one node up to its end; rejects when that does not come in time. */
export async function readLog(
  cluster: TestCluster,
  id: number,
  { topic, reader, end, timeoutMs }: ReadLogOptions,
): Promise<void> {
  const read = async () => {
    await cluster.ask(id, async (client) => {
      while (reader.nextOffset <= end) {
        const { entries } = await client.fetch(topic, reader.nextOffset, { maxEntries: 2000, maxWaitMs: 500 })
        for (const { offset, data } of entries) reader.see({ offset, entry: Buffer.from(data).toString('latin1') })
        if (entries.length === 0) break
      }
    })
    return reader.nextOffset > end
  }
  await until(`node ${id} has "${topic}" up to ${end}`, read, timeoutMs)
}
