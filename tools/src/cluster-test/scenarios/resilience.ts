import { setTimeout as delay } from 'node:timers/promises'
import { randomBelow } from '@walrus/testing'
import { readBack } from '../read-back.js'
import { expectThat, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

/** One node at a time is killed and started again, at random, under load. */
export const resilience: Scenario = {
  name: 'resilience',
  about: 'nodes are killed and restarted, one at a time, under writers; nothing acknowledged is lost',
  defaults: { seconds: 60, writers: 16 },
  run: async ({ startCluster, seconds, writers: writerCount, random, note }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '1000'] })
    const topic = 'resilience-test'
    await cluster.ask(1, (client) => client.register(topic))
    const writers = Array.from({ length: writerCount }, (_, at) => new TopicWriter({ cluster, topic, name: `w${at}` }))
    for (const writer of writers) writer.start()
    const endMs = performance.now() + seconds * 1000
    let kills = 0
    while (performance.now() < endMs) {
      await delay(500 + randomBelow(random, 1500))
      const node = cluster.node(1 + randomBelow(random, 3))
      note(`kill -9 of node ${node.id}`)
      await node.stop('SIGKILL')
      await delay(500 + randomBelow(random, 1500))
      await node.start()
      await cluster.whenComplete()
      kills += 1
    }
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    const acked = puts.filter(({ outcome }) => outcome === 'acked').length
    expectThat(acked > 0, 'nothing was acknowledged')
    const count = await readBack(cluster, topic, puts)
    const pauseMs = Math.round(Math.max(...writers.map(({ longestPauseMs }) => longestPauseMs)))
    return `${kills} kills, ${acked} of ${puts.length} PUTs acknowledged, ${count} entries read back; longest pause of a writer ${pauseMs} ms`
  },
}
