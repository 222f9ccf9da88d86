import { join } from 'node:path'
import { ENTRY_HEADER_BYTES } from '@walrus/protocol'
import { bareSequentialWrite, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Sample } from './benchmark.js'
import { appendAnswer, appendRequest, startBrokers } from './broker-servers.js'
import { ChildServer } from './child-server.js'
import { run, type Load } from './load.js'

const BATCH_ENTRIES = 100
const ENTRY_BYTES = 100
const SHAPE = { connections: 4, inFlight: 16 } as const
const ECHO = 'bare echo of the same requests'
const DISK = 'bare 1 MiB writes of as many entries, no sync'
const DISK_BYTES = 512 * 1024 * 1024

/** Binary appends over real sockets. */
export const brokerBatch: Benchmark = {
  name: 'broker-batch',
  about: `binary append of ${BATCH_ENTRIES} × ${ENTRY_BYTES} B, ${SHAPE.connections} connections × ${SHAPE.inFlight} in flight`,
  setUp: async ({ folder, scale }) => {
    const path = join(folder, 'bare')
    await preparedFile(path, DISK_BYTES)
    const echo = await ChildServer.echo()
    const brokers = await startBrokers(folder)
    const request = appendRequest(BATCH_ENTRIES, ENTRY_BYTES)
    const load = { ...SHAPE, count: Math.round(60_000 * scale), request: () => request }
    const cases: Case[] = [
      { ...rate, what: ECHO, run: () => entriesPerSecond({ ...load, port: echo.port, answer: request }) },
      { ...rate, what: DISK, run: () => entriesWritten(path) },
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

/** What the disk takes of the bytes that these entries have with their lengths. */
async function entriesWritten(path: string): Promise<Sample> {
  const { value } = await bareSequentialWrite(path, DISK_BYTES)
  return { value: (value * 1e6) / (ENTRY_BYTES + ENTRY_HEADER_BYTES) }
}

/** Latencies are those of whole requests. */
async function entriesPerSecond(load: Load): Promise<Sample> {
  const sample = await run(load)
  return { ...sample, value: sample.value * BATCH_ENTRIES }
}
