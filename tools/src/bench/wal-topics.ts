import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { Latencies } from './latencies.js'
import { inFlight, rateOf, withFreshWal } from './wal-instance.js'

const TOPIC_COUNTS = [1, 10, 100, 1000, 5000] as const
const ENTRY = Buffer.alloc(100, 7)

/** Durable throughput, over how many topics the entries are spread. */
export const walTopics: Benchmark = {
  name: 'wal-topics',
  about: 'durable appends of 100 B, 5,000 in flight, spread over topics, each of which has entries already',
  setUp: async (setting) => ({
    cases: TOPIC_COUNTS.map((count) => spreadCase(setting, count)),
    close: async () => undefined,
  }),
}

function spreadCase(setting: Setting, topicCount: number): Case {
  return {
    what: `append, SyncEach, ${topicCount} topics`,
    unit: 'entries/s',
    better: 'more',
    run: () => spread(setting, topicCount, Math.round(250_000 * setting.scale)),
  }
}

function spread(setting: Setting, topicCount: number, count: number): Promise<Sample> {
  const topics = Array.from({ length: topicCount }, (_, at) => `topic-${at}`)
  const latencies = new Latencies()
  return withFreshWal(setting, {}, async (wal) => {
    const append = async (n: number): Promise<void> => {
      const started = performance.now()
      await wal.append(topics[n % topicCount] ?? '', ENTRY)
      latencies.add(performance.now() - started)
    }
    await inFlight(topicCount, topicCount, (n) => wal.append(topics[n] ?? '', ENTRY))
    return { value: await rateOf(count, () => inFlight(count, 5000, append)), latency: latencies.summary() }
  })
}
