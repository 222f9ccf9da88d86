import { TestCluster } from '../cluster-test/test-cluster.js'
import type { Benchmark, Case, Sample } from './benchmark.js'
import { PUT_ANSWER } from './broker-servers.js'
import { framed, run } from './load.js'
import { usageOf, type Usage } from './process-usage.js'

const NODE_COUNTS = [1, 3, 5]
const TOPICS = 12
const ENTRY_BYTES = 100
const SHAPE = { connections: TOPICS, inFlight: 64 }

/** What more nodes cost and bring, where they share two processors: so it is counted in work for each entry, too. */
export const clusterScale: Benchmark = {
  name: 'cluster-scale',
  about: 'twelve topics over 1, 3 and 5 nodes, PUT of 100 B through any node, acked after fsync on a quorum',
  setUp: async ({ scale }) => {
    const clusters: TestCluster[] = []
    const cases: Case[] = []
    for (const nodeCount of NODE_COUNTS) {
      const cluster = await TestCluster.start({ nodeCount, flags: ['--log-level', 'warn'] })
      clusters.push(cluster)
      for (let topic = 0; topic < TOPICS; topic += 1) await cluster.ask(1, (client) => client.register(nameOf(topic)))
      cases.push(...casesOf(cluster, nodeCount, Math.round(scale * 60_000)))
    }
    return { cases, close: async () => void (await Promise.all(clusters.map((cluster) => cluster.remove()))) }
  },
}

function casesOf(cluster: TestCluster, nodeCount: number, count: number): readonly Case[] {
  const put = () => load(cluster, nodeCount, count)
  const label = nodeCount === 1 ? '1 node' : `${nodeCount} nodes`
  return [
    { what: `PUT, ${label}`, unit: 'entries/s', better: 'more', run: put },
    {
      what: `CPU, ${label}`,
      unit: 'µs/entry',
      better: 'less',
      run: () => used(cluster, put, (usage) => usage.cpuMicroseconds / count),
    },
    {
      what: `written, ${label}`,
      unit: 'bytes/byte',
      better: 'less',
      run: () => used(cluster, put, (usage) => usage.writtenBytes / (count * ENTRY_BYTES)),
    },
  ]
}

function load(cluster: TestCluster, nodeCount: number, count: number): Promise<Sample> {
  const requests = Array.from({ length: TOPICS }, (_, topic) =>
    framed(Buffer.concat([Buffer.from(`PUT ${nameOf(topic)} `), Buffer.alloc(ENTRY_BYTES, 0x61)])),
  )
  return run({
    ...SHAPE,
    port: (connection) => cluster.node((connection % nodeCount) + 1).options.clientPort,
    count,
    request: (connection) => requests[connection % TOPICS] ?? PUT_ANSWER,
    answer: PUT_ANSWER,
  })
}

/** What the brokers used while `work` went on. */
async function used(
  cluster: TestCluster,
  work: () => Promise<unknown>,
  perEntry: (usage: Usage) => number,
): Promise<Sample> {
  const pids = cluster.nodes.map((node) => node.pid)
  const before = await usageOf(pids)
  await work()
  const after = await usageOf(pids)
  if (before === undefined || after === undefined) return { value: NaN }
  const cpuMicroseconds = after.cpuMicroseconds - before.cpuMicroseconds
  return { value: perEntry({ cpuMicroseconds, writtenBytes: after.writtenBytes - before.writtenBytes }) }
}

function nameOf(topic: number): string {
  return `bench-${topic}`
}
