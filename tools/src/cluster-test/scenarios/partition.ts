import { setTimeout as delay } from 'node:timers/promises'
import type { CutDirection } from '../node-links.js'
import { readBack } from '../read-back.js'
import { expectThat, type Scenario, type ScenarioOptions } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicWriter } from '../topic-writer.js'

/** A node loses all its links: the leader of the topic, another one; both ways, and one way. */
export const partition: Scenario = {
  name: 'partition',
  about: 'a node is cut off: it acknowledges nothing, the others go on; after healing nothing is lost',
  defaults: { seconds: 4, writers: 3 },
  run: async (options) => {
    const cluster = await options.startCluster({ linked: true, flags: ['--request-timeout-ms', '2000'] })
    const topic = 'partition-test'
    await cluster.ask(1, (client) => client.register(topic))
    const majority = new TopicWriter({ cluster, topic, name: 'before' })
    await majority.write(10)
    const writers = [majority]
    for (const victim of ['leader', 'follower'] as const) {
      for (const direction of ['both', 'out', 'in'] as const) {
        writers.push(...(await cutOff(cluster, topic, victim, direction, options)))
      }
    }
    await Promise.all(writers.map((writer) => writer.stop()))
    const puts = writers.flatMap((writer) => writer.puts)
    const count = await readBack(cluster, topic, puts)
    return `6 partitions, ${count} entries read back from three nodes after healing`
  },
}

async function cutOff(
  cluster: TestCluster,
  topic: string,
  victim: 'leader' | 'follower',
  direction: CutDirection,
  { seconds, note }: ScenarioOptions,
): Promise<readonly TopicWriter[]> {
  const { leader_node: leader } = await cluster.state(topic)
  const isolated = victim === 'leader' ? leader : (leader % 3) + 1
  const others = [1, 2, 3].filter((id) => id !== isolated)
  note(`node ${isolated} (${victim}) is cut off: ${direction}`)
  const name = `${victim}-${direction}`
  const minority = new TopicWriter({ cluster, topic, name: `${name}-minority`, nodes: [isolated] })
  const majority = new TopicWriter({ cluster, topic, name: `${name}-majority`, nodes: others })
  cluster.links.isolate(isolated, direction)
  await delay(LEASE_IS_OVER_MS)
  minority.start()
  await majority.write(10)
  await delay(seconds * 1000)
  const ackedAlone = minority.ackedCount
  cluster.links.heal()
  await minority.stop()
  // One way, a node may still be served by those that it reaches: what it acknowledges then is stored by a quorum.
  if (direction === 'both') expectThat(ackedAlone === 0, `node ${isolated} acknowledged ${ackedAlone} entries alone`)
  await cluster.whenComplete()
  const after = new TopicWriter({ cluster, topic, name: `${name}-after`, nodes: [isolated] })
  await after.write(5)
  return [minority, majority, after]
}

/** A leader that is cut off may still settle what a quorum had before. */
const LEASE_IS_OVER_MS = 2_000
