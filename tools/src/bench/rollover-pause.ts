import { TestCluster } from '../cluster-test/test-cluster.js'
import type { Benchmark } from './benchmark.js'
import { Latencies } from './latencies.js'

const SEGMENT_ENTRIES = 20
const ROLLOVERS = 50
const TOPIC = 'bench'

/** What a writer sees of a rollover: the first PUT after a full segment waits until the next one is open elsewhere. */
export const rolloverPause: Benchmark = {
  name: 'rollover-pause',
  about: `three nodes, one writer, segments of ${SEGMENT_ENTRIES}: how long the PUT takes that meets a rollover, p99`,
  setUp: async ({ scale }) => {
    const flags = ['--max-segment-entries', String(SEGMENT_ENTRIES), '--log-level', 'warn']
    const cluster = await TestCluster.start({ nodeCount: 3, flags })
    await cluster.ask(1, (client) => client.register(TOPIC))
    const client = await cluster.client(1)
    const entry = Buffer.alloc(100, 0x61)
    const timedPut = async (latencies: Latencies) => {
      const startMs = performance.now()
      await client.put(TOPIC, entry)
      latencies.add(performance.now() - startMs)
    }
    const run = async () => {
      const pauses = new Latencies()
      const others = new Latencies()
      for (let rollover = 0; rollover < ROLLOVERS * scale; rollover += 1) {
        await timedPut(pauses)
        for (let at = 1; at < SEGMENT_ENTRIES; at += 1) await timedPut(others)
      }
      const latency = pauses.summary()
      return { value: latency.p99 / 1000, latency }
    }
    const cases = [
      { what: 'PUT that meets a rollover, p99', unit: 'ms', better: 'less', mustReach: 50, hopeFor: 10, run } as const,
    ]
    return { cases, close: () => cluster.remove() }
  },
}
