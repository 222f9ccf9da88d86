import type { Benchmark, Case, Sample } from './benchmark.js'
import { appendAnswer, appendRequest, startBrokers } from './broker-servers.js'
import { ChildServer } from './child-server.js'
import { run, type Load } from './load.js'

const BATCH_ENTRIES = 100
const ENTRY_BYTES = 100
const SHAPE = { connections: 4, inFlight: 16 } as const
const ECHO = 'bare echo of the same requests'

/** Binary appends over real sockets. */
export const brokerBatch: Benchmark = {
  name: 'broker-batch',
  about: `binary append of ${BATCH_ENTRIES} × ${ENTRY_BYTES} B, ${SHAPE.connections} connections × ${SHAPE.inFlight} in flight`,
  setUp: async ({ folder, scale }) => {
    const echo = await ChildServer.echo()
    const brokers = await startBrokers(folder)
    const request = appendRequest(BATCH_ENTRIES, ENTRY_BYTES)
    const load = { ...SHAPE, count: Math.round(60_000 * scale), request: () => request }
    const cases: Case[] = [
      { ...rate, what: ECHO, run: () => entriesPerSecond({ ...load, port: echo.port, answer: request }) },
      ...Object.entries(brokers).map(([durability, { port }]) => ({
        ...rate,
        what: `append ${durability}`,
        limit: ECHO,
        mustReach: 3_000_000,
        hopeFor: { factor: 1, of: ECHO },
        run: () => entriesPerSecond({ ...load, port, ...appendAnswer(BATCH_ENTRIES) }),
      })),
    ]
    return {
      cases,
      close: async () => void (await Promise.all([echo, ...Object.values(brokers)].map((one) => one.stop()))),
    }
  },
}

const rate = { unit: 'entries/s', better: 'more' } as const

/** Latencies are those of whole requests. */
async function entriesPerSecond(load: Load): Promise<Sample> {
  const sample = await run(load)
  return { ...sample, value: sample.value * BATCH_ENTRIES }
}
