import { setTimeout as delay } from 'node:timers/promises'
import { readBack } from '../read-back.js'
import { expectNone, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'
import { until } from '../until.js'

/** A fourth node joins under load and takes part; then one of the first three is removed. */
export const join: Scenario = {
  name: 'join',
  about: 'node 4 joins under load and leads segments; node 2 is removed under load',
  defaults: { seconds: 5, writers: 6 },
  run: async ({ startCluster, seconds, writers: writerCount, note }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '50'] })
    const topic = 'join-test'
    await cluster.ask(1, (client) => client.register(topic))
    const nodes = [1, 3]
    const writers = Array.from(
      { length: writerCount },
      (_, at) => new TopicWriter({ cluster, topic, name: `w${at}`, nodes: [nodes[at % 2] ?? 1] }),
    )
    for (const writer of writers) writer.start()
    const joined = await cluster.add()
    note(`node ${joined.id} has joined`)
    const leads = async () => Object.values((await cluster.state(topic)).segment_leaders).includes(joined.id)
    await until(`node ${joined.id} leads a segment`, leads, 60_000)
    await delay(seconds * 500)
    note('node 2 is removed')
    await cluster.ask(1, (client) => client.admin.removeNode(2))
    const { code } = await cluster.node(2).exited
    await delay(seconds * 500)
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    expectNone(
      puts.filter(({ outcome }) => outcome !== 'acked').map(({ entry }) => `"${entry}" got an error`),
      'writers',
    )
    const count = await readBack(cluster, topic, puts)
    return `node 4 joined and led, node 2 left (exit ${code}), ${count} entries read back from nodes 1, 3 and 4`
  },
}
