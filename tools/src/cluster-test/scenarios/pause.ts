import { setTimeout as delay } from 'node:timers/promises'
import { readBack } from '../read-back.js'
import { expectNone, expectThat, type Scenario, type ScenarioOptions } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicWriter } from '../topic-writer.js'

const TOPIC = 'pause-test'
const WAITING = 50

/** The leader's process is stopped until others lead, and then goes on, with requests in its hands. */
export const pause: Scenario = {
  name: 'pause',
  about: 'SIGSTOP of the leader past its lease, and SIGCONT: what it acknowledges then is what others have',
  defaults: { seconds: 5, writers: 4 },
  run: async (options) => {
    const cluster = await options.startCluster({})
    await cluster.ask(1, (client) => client.register(TOPIC))
    const writers: TopicWriter[] = []
    for (let round = 0; round < options.seconds; round += 1) {
      writers.push(...(await pauseLeader(cluster, round, options)))
      await cluster.whenComplete()
    }
    const count = await readBack(
      cluster,
      TOPIC,
      writers.flatMap((writer) => writer.puts),
    )
    expectNone(
      writers.flatMap((writer) => writer.refusals),
      'PUTs were answered with errors',
    )
    return `${options.seconds} pauses, ${count} entries read back from every node, no PUT refused`
  },
}

async function pauseLeader(cluster: TestCluster, round: number, options: ScenarioOptions): Promise<TopicWriter[]> {
  const { leader_node: leader, current_segment: segment } = await cluster.state(TOPIC)
  const others = [1, 2, 3].filter((id) => id !== leader)
  const atLeader = Array.from({ length: options.writers }, (_, at) => writerAt(cluster, [leader], `${round}-at-${at}`))
  const elsewhere = writerAt(cluster, others, `${round}-elsewhere`)
  await Promise.all([...atLeader, elsewhere].map((writer) => writer.write(5)))
  for (const writer of atLeader) writer.start()
  const client = await cluster.client(leader)
  await delay(50)
  cluster.node(leader).signal('SIGSTOP')
  // They stand in its socket, and are the first that it reads when it goes on.
  const late = Array.from({ length: WAITING }, (_, at) => client.put(TOPIC, `${TOPIC}:late-${round}-${at}`))
  const outcomes = Promise.allSettled(late)
  await elsewhere.write(20)
  const { current_segment: next, leader_node: successor } = await cluster.state(TOPIC, others[0])
  expectThat(next > segment && successor !== leader, `node ${leader} is stopped and still leads segment ${next}`)
  cluster.node(leader).signal('SIGCONT')
  await elsewhere.write(5)
  const acked = (await outcomes).filter(({ status }) => status === 'fulfilled').length
  options.note(
    `node ${leader} stopped: node ${successor} leads; ${acked} of ${WAITING} that it had to read were stored elsewhere`,
  )
  await Promise.all([...atLeader, elsewhere].map((writer) => writer.stop()))
  return [...atLeader, elsewhere, lateWriter(cluster, leader, round, await outcomes)]
}

/** What became of the requests that waited, as a writer of their own. */
function lateWriter(
  cluster: TestCluster,
  leader: number,
  round: number,
  outcomes: readonly PromiseSettledResult<unknown>[],
): TopicWriter {
  const writer = writerAt(cluster, [leader], `late-${round}`)
  for (const [sequence, { status }] of outcomes.entries()) {
    const entry = `${TOPIC}:late-${round}-${sequence}`
    const outcome = status === 'fulfilled' ? 'acked' : 'unknown'
    writer.puts.push({ entry, writer: `late-${round}`, sequence, outcome })
  }
  return writer
}

function writerAt(cluster: TestCluster, nodes: readonly number[], name: string): TopicWriter {
  return new TopicWriter({ cluster, topic: TOPIC, name, nodes })
}
