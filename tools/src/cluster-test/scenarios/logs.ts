import { expectThat, type Scenario } from '../scenario.js'
import { readBack, takeAll } from '../read-back.js'
import { TopicWriter } from '../topic-writer.js'

/** Written through one node, taken through another: the smallest use of a cluster, with a rollover in it. */
export const logs: Scenario = {
  name: 'logs',
  about: 'entries written through one node are taken in order through another',
  defaults: { seconds: 0, writers: 1 },
  run: async ({ startCluster }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '10'] })
    const topic = 'logs-test'
    await cluster.ask(1, (client) => client.register(topic))
    const writer = new TopicWriter({ cluster, topic, name: 'hello', nodes: [1] })
    await writer.write(20)
    await writer.stop()
    const taken = await takeAll(cluster, 2, topic)
    const sent = writer.puts.filter(({ outcome }) => outcome === 'acked').map(({ entry }) => entry)
    expectThat(taken.join() === sent.join(), `node 2 gave ${taken.join()} instead of ${sent.join()}`)
    const count = await readBack(cluster, topic, writer.puts)
    return `${count} entries through node 1, taken in order through node 2`
  },
}
