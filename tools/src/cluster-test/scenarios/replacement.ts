import { readBack } from '../read-back.js'
import { expectThat, type Scenario } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicWriter } from '../topic-writer.js'
import { until } from '../until.js'

const TOPICS = 10
/** How long a replica may be dead before another one takes its place. */
const REPLACE_AFTER_MS = 4_000

/** A node dies for good: its place in sealed segments goes to another one. */
export const replacement: Scenario = {
  name: 'replacement',
  about: 'one of four nodes is dead for long, and what it had copies of has three copies again',
  defaults: { seconds: 1, writers: TOPICS },
  run: async ({ startCluster, writers: topicCount, note }) => {
    const flags = ['--max-segment-entries', '5', '--replace-dead-after-ms', String(REPLACE_AFTER_MS)]
    const cluster = await startCluster({ nodeCount: 4, flags })
    const topics = Array.from({ length: topicCount }, (_, at) => `topic-${at}`)
    const writers = await Promise.all(topics.map((topic) => writeSome(cluster, topic)))
    const dead = 4
    const before = await copiesOn(cluster, topics, dead)
    expectThat(before > 0, `node ${dead} has no copy of a sealed segment`)
    await cluster.node(dead).stop('SIGKILL')
    const killedMs = performance.now()
    note(`node ${dead} is dead, and has copies of ${before} sealed segments`)
    const isReplaced = async () => (await copiesOn(cluster, topics, dead)) === 0
    await until('no sealed segment counts on the dead node', isReplaced, 60_000)
    const afterMs = Math.round(performance.now() - killedMs)
    expectThat(afterMs >= REPLACE_AFTER_MS, `replaced after ${afterMs} ms, before ${REPLACE_AFTER_MS} ms were over`)
    const fewest = await fewestCopies(cluster, topics)
    expectThat(fewest === 3, `a sealed segment has ${fewest} copies`)
    await cluster.node(dead).start()
    await cluster.whenComplete()
    for (const [at, topic] of topics.entries()) await readBack(cluster, topic, writers[at]?.puts ?? [])
    return `${before} copies replaced ${afterMs} ms after the kill, everything read back from four nodes`
  },
}

async function writeSome(cluster: TestCluster, topic: string): Promise<TopicWriter> {
  await cluster.ask(1, (client) => client.register(topic))
  const writer = new TopicWriter({ cluster, topic, name: 'w' })
  await writer.write(23)
  await writer.stop()
  return writer
}

async function copiesOn(cluster: TestCluster, topics: readonly string[], node: number): Promise<number> {
  const replicas = await sealedReplicas(cluster, topics)
  return replicas.filter((one) => one.includes(node)).length
}

async function fewestCopies(cluster: TestCluster, topics: readonly string[]): Promise<number> {
  return Math.min(...(await sealedReplicas(cluster, topics)).map((one) => one.length))
}

/** Of each sealed segment with entries. */
async function sealedReplicas(cluster: TestCluster, topics: readonly string[]): Promise<(readonly number[])[]> {
  return await cluster.ask(1, async (client) => {
    const described = await Promise.all(topics.map((topic) => client.admin.describeTopic({ topic })))
    const segments = described.flatMap((topic) => topic.segments)
    return segments
      .filter(({ state, entryCount }) => state === 'sealed' && entryCount > 0)
      .map(({ replicas }) => replicas)
  })
}
