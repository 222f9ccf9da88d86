import type { Benchmark, Case } from './benchmark.js'
import { PUT_ANSWER, putRequest, startBrokers } from './broker-servers.js'
import { ChildServer } from './child-server.js'
import { run } from './load.js'

const SHAPES = [
  { connections: 1, inFlight: 64 },
  { connections: 16, inFlight: 64 },
  { connections: 64, inFlight: 1 },
] as const
const ENTRY_BYTES = 100

/** Text PUTs over real sockets. */
export const brokerPut: Benchmark = {
  name: 'broker-put',
  about: 'text PUT of 100 B: connections × requests in flight, with fsync and without side by side',
  setUp: async ({ folder, scale }) => {
    const echo = await ChildServer.echo()
    const brokers = await startBrokers(folder)
    const cases = SHAPES.flatMap((shape) => [
      echoCase(echo, shape, scale),
      ...Object.entries(brokers).map(([durability, server]) => putCase(server, durability, shape, scale)),
    ])
    return {
      cases,
      close: async () => void (await Promise.all([echo, ...Object.values(brokers)].map((one) => one.stop()))),
    }
  },
}

type Shape = (typeof SHAPES)[number]

function echoCase(server: ChildServer, shape: Shape, scale: number): Case {
  const request = putRequest(ENTRY_BYTES)
  const load = { port: server.port, ...shape, count: countOf(shape, scale), request: () => request, answer: request }
  return { what: `bare echo, ${nameOf(shape)}`, unit: 'requests/s', better: 'more', run: () => run(load) }
}

function putCase(server: ChildServer, durability: string, shape: Shape, scale: number): Case {
  const request = putRequest(ENTRY_BYTES)
  const load = { port: server.port, ...shape, count: countOf(shape, scale), request: () => request, answer: PUT_ANSWER }
  return {
    what: `PUT ${durability}, ${nameOf(shape)}`,
    unit: 'entries/s',
    better: 'more',
    limit: `bare echo, ${nameOf(shape)}`,
    ...budgetOf(durability, shape),
    run: () => run(load),
  }
}

function budgetOf(durability: string, { connections, inFlight }: Shape): Pick<Case, 'mustReach' | 'hopeFor'> {
  if (connections !== 16 || inFlight !== 64) return {}
  return durability === 'acked after fsync'
    ? { mustReach: 500_000, hopeFor: 900_000 }
    : { mustReach: 900_000, hopeFor: 1_500_000 }
}

/** About a second each. */
function countOf({ connections, inFlight }: Shape, scale: number): number {
  return Math.round(scale * (inFlight === 1 ? 30_000 : connections === 1 ? 200_000 : 800_000))
}

function nameOf({ connections, inFlight }: Shape): string {
  return `${connections} × ${inFlight}`
}
