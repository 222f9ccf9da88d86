import { checkDeliveries } from '@walrus/testing'
import { readBack, readLog, takeAll } from '../read-back.js'
import { expectNone, expectThat, type Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

const SEGMENT_ENTRIES = 10
const PER_WRITER = 60

/** Segments of ten entries under concurrent writers on every node: each sealed one has exactly ten. */
export const rollover: Scenario = {
  name: 'rollover',
  about: 'sealed segments have exactly 10 entries, all nodes lead, and writers notice nothing',
  defaults: { seconds: 0, writers: 6 },
  run: async ({ startCluster, writers: writerCount }) => {
    const cluster = await startCluster({ flags: ['--max-segment-entries', String(SEGMENT_ENTRIES)] })
    const topic = 'rollover-test'
    await cluster.ask(1, (client) => client.register(topic))
    const writers = Array.from(
      { length: writerCount },
      (_, at) => new TopicWriter({ cluster, topic, name: `w${at}`, nodes: [(at % 3) + 1] }),
    )
    await Promise.all(writers.map((writer) => writer.write(PER_WRITER)))
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    expectNone(
      puts.filter(({ outcome }) => outcome !== 'acked').map(({ entry }) => `"${entry}" got an error`),
      'writers',
    )
    const { sealed_segments: sealed, segment_leaders: leaders } = await cluster.state(topic)
    expectNone(
      Object.entries(sealed).flatMap(([id, count]) =>
        count === SEGMENT_ENTRIES ? [] : [`segment ${id} has ${count}`],
      ),
      'sealed segments',
    )
    expectThat(new Set(Object.values(leaders)).size === 3, `only nodes ${Object.values(leaders).join()} led`)
    const count = await readBack(cluster, topic, puts)
    const taken = await Promise.all([1, 2, 3].map((id) => takeAll(cluster, id, topic)))
    expectNone(checkDeliveries(taken.flat(), await readLog(cluster, 1, topic), { complete: true }), 'the shared cursor')
    return `${count} entries in ${Object.keys(sealed).length} sealed segments of exactly ${SEGMENT_ENTRIES}, led by all three nodes`
  },
}
