import { checkTopic, type PutEvent, type ReadEvent } from '@walrus/testing'
import { expectNone, expectThat } from './scenario.js'
import type { TestCluster } from './test-cluster.js'
import { entryName } from './topic-writer.js'

/**
 * Reads the whole topic by offset from every live node and checks it against what was written: each acknowledged entry once
 * and in order, from everywhere the same. Resolves with the number of entries.
 */
export async function readBack(cluster: TestCluster, topic: string, puts: readonly PutEvent[]): Promise<number> {
  const logs = await Promise.all(
    cluster.liveNodes.map(async ({ id }) => [id, await readLog(cluster, id, topic)] as const),
  )
  for (const [id, log] of logs) expectNone(checkTopic(puts, log), `"${topic}" from node ${id}`)
  const lengths = new Set(logs.map(([, log]) => log.length))
  expectThat(lengths.size === 1, `"${topic}" has ${[...lengths].join(' or ')} entries, depending on the node`)
  return logs[0]?.[1].length ?? 0
}

/** The whole topic as one node gives it. */
export async function readLog(cluster: TestCluster, id: number, topic: string): Promise<ReadEvent[]> {
  return await cluster.ask(id, async (client) => {
    const log: ReadEvent[] = []
    for (;;) {
      const { entries } = await client.fetch(topic, log.length, { maxEntries: 2_000, maxBytes: 1024 * 1024 })
      if (entries.length === 0) return log
      for (const { offset, data } of entries) log.push({ offset, entry: entryName(data) })
    }
  })
}

/** Takes entries at the topic's shared cursor through a node until there is none. */
export async function takeAll(cluster: TestCluster, id: number, topic: string): Promise<string[]> {
  return await cluster.ask(id, async (client) => {
    const taken: string[] = []
    for (let data = await client.get(topic); data !== undefined; data = await client.get(topic))
      taken.push(entryName(data))
    return taken
  })
}
