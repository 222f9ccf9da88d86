import { TestCluster } from '../cluster-test/test-cluster.js'
import type { Benchmark, Case } from './benchmark.js'
import { PUT_ANSWER, putRequest } from './broker-servers.js'
import { ChildServer } from './child-server.js'
import { run } from './load.js'

const SHAPE = { connections: 16, inFlight: 64 }
const ENTRY_BYTES = 100
const TOPIC = 'bench'

/** Text PUTs into a topic of three copies, acknowledged when a quorum has them on stable storage. */
export const clusterPut: Benchmark = {
  name: 'cluster-put',
  about: 'three nodes, text PUT of 100 B, 16 × 64, acked after fsync on a quorum',
  setUp: async ({ scale }) => {
    const echo = await ChildServer.echo()
    const cluster = await TestCluster.start({ nodeCount: 3, flags: ['--log-level', 'warn'] })
    await cluster.ask(1, (client) => client.register(TOPIC))
    const { leader_node: leader } = await cluster.state(TOPIC)
    const portOf = (id: number) => cluster.node(id).options.clientPort
    const count = Math.round(scale * 200_000)
    const request = putRequest(ENTRY_BYTES)
    const put = (port: (connection: number) => number) => () =>
      run({ ...SHAPE, port, count, request: () => request, answer: PUT_ANSWER })
    const limit = 'bare echo, 16 × 64'
    const cases: readonly Case[] = [
      {
        what: limit,
        unit: 'requests/s',
        better: 'more',
        run: () => run({ ...SHAPE, port: echo.port, count, request: () => request, answer: request }),
      },
      {
        what: 'PUT through any node',
        unit: 'entries/s',
        better: 'more',
        limit,
        mustReach: 80_000,
        hopeFor: 200_000,
        run: put((connection) => portOf((connection % 3) + 1)),
      },
      { what: 'PUT through the leader', unit: 'entries/s', better: 'more', limit, run: put(() => portOf(leader)) },
    ]
    return { cases, close: async () => void (await Promise.all([echo.stop(), cluster.remove()])) }
  },
}
