import { TestCluster } from '../cluster-test/test-cluster.js'
import type { Benchmark, Case } from './benchmark.js'
import { PUT_ANSWER, putRequest } from './broker-servers.js'
import { framed, run } from './load.js'

const SHAPE = { connections: 16, inFlight: 64 }
const ENTRY_BYTES = 100
const TOPIC = 'bench'

/** Text GETs at the shared cursor, each durable on a quorum before its entry is delivered. */
export const clusterGet: Benchmark = {
  name: 'cluster-get',
  about: 'three nodes, text GET of 100 B at the shared cursor, 16 × 64, through any node and through the leader',
  setUp: async ({ scale }) => {
    const cluster = await TestCluster.start({ nodeCount: 3, flags: ['--log-level', 'warn'] })
    await cluster.ask(1, (client) => client.register(TOPIC))
    const { leader_node: leader } = await cluster.state(TOPIC)
    const portOf = (id: number) => cluster.node(id).options.clientPort
    const count = Math.round(scale * 50_000)
    const put = putRequest(ENTRY_BYTES)
    const get = framed(Buffer.from(`GET ${TOPIC}`))
    const answer = framed(Buffer.concat([Buffer.from('OK '), Buffer.alloc(ENTRY_BYTES, 0x61)]))
    const take = (port: (connection: number) => number) => async () => {
      await run({ ...SHAPE, port: () => portOf(leader), count, request: () => put, answer: PUT_ANSWER })
      return await run({ ...SHAPE, port, count, request: () => get, answer })
    }
    const anyNode = take((connection) => portOf((connection % 3) + 1))
    const cases: readonly Case[] = [
      { what: 'GET through any node', unit: 'entries/s', better: 'more', run: anyNode },
      { what: 'GET through the leader', unit: 'entries/s', better: 'more', run: take(() => portOf(leader)) },
    ]
    return { cases, close: () => cluster.remove() }
  },
}
