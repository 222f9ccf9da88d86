import { setTimeout as delay } from 'node:timers/promises'
import { readBack } from '../read-back.js'
import type { PutEvent } from '@walrus/testing'
import { expectNone, expectThat, type Scenario } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
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
    const quiet = Array.from({ length: QUIET_TOPICS }, (_, at) => `quiet-${at}`)
    const quietPuts = await Promise.all(quiet.map((name) => writeOne(cluster, name)))
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
    expectThat(code === REMOVED_EXIT_CODE, `the removed node ended with ${code} instead of ${REMOVED_EXIT_CODE}`)
    const said = cluster.node(2).lastLines.some((line) => line.includes('was removed'))
    expectThat(said, `the removed node did not say so: ${cluster.node(2).lastLines.join(' | ')}`)
    await delay(seconds * 500)
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    expectNone(
      puts.filter(({ outcome }) => outcome !== 'acked').map(({ entry }) => `"${entry}" got an error`),
      'writers',
    )
    const count = await readBack(cluster, topic, puts)
    for (const [at, name] of quiet.entries()) await readBack(cluster, name, quietPuts[at] ?? [])
    const short = await fewCopies(cluster, [topic, ...quiet])
    expectNone(short, 'copies')
    return `node 4 joined and led, node 2 left (exit ${code}), ${count} entries read back from nodes 1, 3 and 4, all in 3 copies`
  },
}

/** Topics that nobody writes to when a node leaves: nothing but the leaving ends their segments. */
const QUIET_TOPICS = 20
const REMOVED_EXIT_CODE = 3

async function writeOne(cluster: TestCluster, topic: string): Promise<readonly PutEvent[]> {
  await cluster.ask(1, (client) => client.register(topic))
  const writer = new TopicWriter({ cluster, topic, name: 'w', nodes: [3] })
  await writer.write(1)
  await writer.stop()
  return writer.puts
}

/** Segments with entries that have not as many copies as they should. */
async function fewCopies(cluster: TestCluster, topics: readonly string[]): Promise<string[]> {
  return await cluster.ask(1, async (client) => {
    const few: string[] = []
    for (const topic of topics) {
      const { segments } = await client.admin.describeTopic({ topic })
      for (const { id, replicas, state, entryCount } of segments) {
        if ((state === 'open' || entryCount > 0) && replicas.length < 3)
          few.push(`${topic}/${id} on ${replicas.join()}`)
      }
    }
    return few
  })
}
