import { setTimeout as delay } from 'node:timers/promises'
import { readBack, takeAll } from '../read-back.js'
import { expectNone, expectThat, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

const TOPICS = 100

/** A writer for each of a hundred topics. */
export const multiTopic: Scenario = {
  name: 'multi-topic',
  about: 'a hundred topics, a writer each; every topic is read back and taken',
  defaults: { seconds: 60, writers: TOPICS },
  run: async ({ startCluster, seconds, writers: topicCount }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', '200'] })
    const topics = Array.from({ length: topicCount }, (_, at) => `topic-${at}`)
    await Promise.all(topics.map((topic, at) => cluster.ask((at % 3) + 1, (client) => client.register(topic))))
    const writers = topics.map(
      (topic, at) => new TopicWriter({ cluster, topic, name: 'w', nodes: [((at + 1) % 3) + 1] }),
    )
    for (const writer of writers) writer.start()
    await delay(seconds * 1000)
    await Promise.all(writers.map((writer) => writer.stop()))
    let total = 0
    for (const [at, topic] of topics.entries()) {
      const puts = writers[at]?.puts ?? []
      expectNone(
        puts.filter(({ outcome }) => outcome !== 'acked').map(({ entry }) => `"${entry}" got an error`),
        `writer of ${topic}`,
      )
      total += await readBack(cluster, topic, puts)
    }
    const taken = await takeAll(cluster, 2, topics[0] ?? '')
    const sent = (writers[0]?.puts ?? []).map(({ entry }) => entry)
    expectThat(taken.join() === sent.join(), `the cursor of "${topics[0]}" gave ${taken.length} of ${sent.length}`)
    return `${topicCount} topics, ${total} entries, ${Math.round(total / seconds)}/s, all read back from three nodes`
  },
}
