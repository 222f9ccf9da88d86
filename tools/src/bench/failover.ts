import { killLeader } from '../cluster-test/kill-leader.js'
import { TestCluster } from '../cluster-test/test-cluster.js'
import type { Benchmark } from './benchmark.js'

const TOPIC = 'bench'

/** `cluster-test failover` reads everything back as well; here it is measured beside the other rows. */
export const failover: Benchmark = {
  name: 'failover',
  about: 'three nodes: from kill -9 of a segment leader to the next acknowledged PUT of its topic',
  setUp: async () => {
    const cluster = await TestCluster.start({ nodeCount: 3, flags: ['--log-level', 'warn'] })
    await cluster.ask(1, (client) => client.register(TOPIC))
    let kills = 0
    const run = async () => {
      kills += 1
      const { pauseMs } = await killLeader(cluster, TOPIC, `kill-${kills}`)
      return { value: pauseMs }
    }
    const cases = [{ what: 'fail-over', unit: 'ms', better: 'less', mustReach: 3000, hopeFor: 1000, run } as const]
    return { cases, close: () => cluster.remove() }
  },
}
