import { readBack } from '../read-back.js'
import { expectThat, type Scenario, type ScenarioOptions } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicWriter } from '../topic-writer.js'
import { until } from '../until.js'

const TOPIC = 'disk-full-test'
const FULL = 2
const FILE_BYTES = 8 * 1024 * 1024
const ENTRY_BYTES = 64 * 1024
const ENTRIES = 400

/** One node has room for less than what is written. */
export const diskFull: Scenario = {
  name: 'disk-full',
  about: 'the disk of one node is full: others lead what it led, and writes go on; with room again it is as before',
  defaults: { seconds: 0, writers: 3 },
  run: async (options) => {
    let isSmall = true
    const quota = ['--disk-quota-bytes', String(2 * FILE_BYTES)]
    const cluster = await options.startCluster({
      flags: ['--max-segment-entries', '50', '--block-file-bytes', String(FILE_BYTES)],
      nodeFlags: (id) => (id === FULL && isSmall ? quota : []),
    })
    await cluster.ask(1, (client) => client.register(TOPIC))
    const writers = await fill(cluster, options)
    await until(`node ${FULL} leads nothing`, async () => (await cluster.state(TOPIC)).leader_node !== FULL, 10_000)
    const pauseMs = Math.round(Math.max(...writers.map(({ longestPauseMs }) => longestPauseMs)))
    const refused = writers.reduce((sum, { refusals }) => sum + refusals.length, 0)
    options.note(`${ENTRIES} entries of 64 KiB written, ${refused} refused; longest pause of a writer ${pauseMs} ms`)
    const puts = (): readonly TopicWriter['puts'][number][] => writers.flatMap((writer) => writer.puts)
    await readBack(cluster, TOPIC, puts())
    isSmall = false
    await cluster.node(FULL).stop('SIGTERM')
    await cluster.node(FULL).start()
    await cluster.whenComplete()
    writers.push(await untilItLeads(cluster))
    const count = await readBack(cluster, TOPIC, puts())
    return `${count} entries read back from every node; longest pause of a writer ${pauseMs} ms, ${refused} PUTs refused`
  },
}

async function fill(cluster: TestCluster, { writers: count }: ScenarioOptions): Promise<TopicWriter[]> {
  const writers = Array.from(
    { length: count },
    (_, at) =>
      new TopicWriter({ cluster, topic: TOPIC, name: `w${at}`, entryBytes: ENTRY_BYTES, nodes: [(at % 3) + 1] }),
  )
  await Promise.all(writers.map((writer) => writer.write(Math.ceil(ENTRIES / count))))
  const status = await cluster.ask(1, (client) => client.admin.clusterStatus())
  const full = status.nodes.find(({ id }) => id === FULL)
  expectThat(full?.diskFull === true, `node ${FULL} does not say that its disk is full`)
  return writers
}

/** Each segment has another leader: with room, the node's turn comes. */
async function untilItLeads(cluster: TestCluster): Promise<TopicWriter> {
  const writer = new TopicWriter({ cluster, topic: TOPIC, name: 'after' })
  for (let round = 0; round < 40; round += 1) {
    if ((await cluster.state(TOPIC)).leader_node === FULL) return writer
    await writer.write(10)
  }
  throw new Error(`node ${FULL} has room again and leads nothing`)
}
