import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Walrus } from '@walrus/wal'
import type { Benchmark, Case, Sample } from './benchmark.js'
import { Latencies } from './latencies.js'
import { inFlight, openWal, rateOf } from './wal-instance.js'

/** Reads of a warm log of 100-byte entries. */
export const walRead: Benchmark = {
  name: 'wal-read',
  about: 'reads of 100 B entries that the system still caches',
  setUp: async (setting) => {
    const { folder, scale } = setting
    const wal = await openWal(setting, join(folder, 'wal'), {})
    const count = Math.round(1_000_000 * scale)
    await inFlight(count, 5000, () => wal.append('topic', ENTRY))
    const close = async (): Promise<void> => {
      await wal.close()
      await rm(join(folder, 'wal'), { recursive: true, force: true })
    }
    return { cases: cases(wal, count), close }
  },
}

const ENTRY = Buffer.alloc(100, 7)

function cases(wal: Walrus, count: number): Case[] {
  const rate = { unit: 'entries/s', better: 'more' } as const
  return [
    { ...rate, what: 'sequential batch read by offset', mustReach: 3_000_000, run: () => readAll(wal, count) },
    {
      ...rate,
      what: 'strict readNext, 64 concurrent readers',
      mustReach: 100_000,
      hopeFor: 300_000,
      run: () => readStrictly(wal, Math.round(count / 20)),
    },
  ]
}

async function readAll(wal: Walrus, count: number): Promise<Sample> {
  let seen = 0
  const value = await rateOf(count, async () => {
    for (let entries = await wal.read('topic', 0); entries.length > 0; entries = await wal.read('topic', seen))
      seen += entries.length
  })
  if (seen !== count) throw new Error(`Read ${seen} entries instead of ${count}`)
  return { value }
}

async function readStrictly(wal: Walrus, count: number): Promise<Sample> {
  const latencies = new Latencies()
  const value = await rateOf(count, () =>
    inFlight(count, 64, async () => {
      const started = performance.now()
      if (!(await wal.readNext('topic'))) throw new Error('The log ended early')
      latencies.add(performance.now() - started)
    }),
  )
  return { value, latency: latencies.summary() }
}
