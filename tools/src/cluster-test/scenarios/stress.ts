import { setTimeout as delay } from 'node:timers/promises'
import { readBack } from '../read-back.js'
import { expectNone, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

const ENTRY_BYTES = 1024

/** As many entries as go through, all of them read back. */
export const stress: Scenario = {
  name: 'stress',
  about: 'writers of 1 KiB entries on all nodes; every entry is read back from every node',
  defaults: { seconds: 60, writers: 16 },
  run: async ({ startCluster, seconds, writers: writerCount }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '5000'] })
    const topic = 'stress-test'
    await cluster.ask(1, (client) => client.register(topic))
    const writers = Array.from(
      { length: writerCount },
      (_, at) => new TopicWriter({ cluster, topic, name: `w${at}`, nodes: [(at % 3) + 1], entryBytes: ENTRY_BYTES }),
    )
    for (const writer of writers) writer.start()
    await delay(seconds * 1000)
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    expectNone(
      puts.filter(({ outcome }) => outcome !== 'acked').map(({ entry }) => `"${entry}" got an error`),
      'writers',
    )
    const count = await readBack(cluster, topic, puts)
    return `${count} entries of ${ENTRY_BYTES} bytes, ${Math.round(count / seconds)}/s, all read back from three nodes`
  },
}
