import { checkDeliveries } from '@walrus/testing'
import { readBack, readLog, takeAll } from '../read-back.js'
import { expectNone, expectThat, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

const RESTARTS = 3
const PER_ROUND = 25

/** The whole cluster is stopped and started again, several times; what was taken before is not taken again. */
export const recovery: Scenario = {
  name: 'recovery',
  about: 'three restarts of all nodes; entries and the cursor are where they were',
  defaults: { seconds: 0, writers: 1 },
  run: async ({ startCluster, note }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '10'] })
    const topic = 'recovery-test'
    await cluster.ask(1, (client) => client.register(topic))
    const taken: string[] = []
    const writer = new TopicWriter({ cluster, topic, name: 'w' })
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await writer.write(PER_ROUND)
      for (let at = 0; at < PER_ROUND / 2; at += 1) {
        const data = await cluster.ask(2, (client) => client.get(topic))
        taken.push(Buffer.from(data ?? []).toString())
      }
      note(`restart ${restart + 1} of all nodes, ${restart % 2 === 0 ? 'in order' : 'by kill -9'}`)
      if (restart % 2 === 0) await cluster.stopAll()
      else await Promise.all(cluster.nodes.map((node) => node.stop('SIGKILL')))
      await cluster.startAll()
    }
    await writer.write(1)
    await writer.stop()
    const count = await readBack(cluster, topic, writer.puts)
    taken.push(...(await takeAll(cluster, 3, topic)))
    expectNone(checkDeliveries(taken, await readLog(cluster, 1, topic), { complete: true }), 'the shared cursor')
    expectThat(count >= RESTARTS * PER_ROUND + 1, `only ${count} entries`)
    return `${RESTARTS} restarts of all nodes, ${count} entries read back, each taken once`
  },
}
