import { join } from 'node:path'
import { bareWriteAndSync, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Sample } from './benchmark.js'
import { PUT_ANSWER, putRequest, startBrokers, type Durability } from './broker-servers.js'
import { ChildServer } from './child-server.js'
import { run, type Load } from './load.js'

const ENTRY_BYTES = 100
const BARE_ECHO = 'bare echo'
const BARE_SYNC = 'bare write 192 B + fdatasync'

/** One client that waits for each answer. */
export const brokerRtt: Benchmark = {
  name: 'broker-rtt',
  about: 'text PUT of 100 B, one client, one request in flight',
  setUp: async ({ folder, scale }) => {
    const path = join(folder, 'bare')
    await preparedFile(path, 64 * 1024 * 1024)
    const echo = await ChildServer.echo()
    const brokers = await startBrokers(folder)
    const count = Math.round(3000 * scale)
    const cases = [
      { ...time, what: BARE_ECHO, run: () => p50(echo, count, putRequest(ENTRY_BYTES)) },
      { ...time, what: BARE_SYNC, run: () => bareWriteAndSync(path, 192, count) },
      putCase(brokers, 'acked after write, fsync every second', { base: BARE_ECHO, factor: 1.5 }, count),
      putCase(brokers, 'acked after fsync', { base: BARE_SYNC, factor: 1.4 }, count),
    ]
    return {
      cases,
      close: async () => void (await Promise.all([echo, ...Object.values(brokers)].map((one) => one.stop()))),
    }
  },
}

const time = { unit: 'µs', better: 'less' } as const

interface Against {
  readonly base: string
  readonly factor: number
}

function putCase(
  brokers: Record<Durability, ChildServer>,
  durability: Durability,
  against: Against,
  count: number,
): Case {
  return {
    ...time,
    what: `PUT ${durability}`,
    limit: against.base,
    mustReach: { factor: against.factor, of: against.base },
    hopeFor: { factor: 1.2, of: against.base },
    run: () => p50(brokers[durability], count, PUT_ANSWER),
  }
}

/** Microseconds from a request to its answer, in the middle. */
async function p50(server: ChildServer, count: number, answer: Load['answer']): Promise<Sample> {
  const request = putRequest(ENTRY_BYTES)
  const load = { port: server.port, connections: 1, inFlight: 1, count, request: () => request, answer }
  const { latency } = await run(load)
  return latency ? { value: latency.p50, latency } : { value: NaN }
}
