import { join } from 'node:path'
import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { bareSequentialWrite, bareWriteAndSync, preparedFile } from './bare-file.js'
import { Latencies } from './latencies.js'
import { inFlight, mixedEntries, rateOf, withFreshWal, type Settings } from './wal-instance.js'

const BARE_BYTES = 256 * 1024 * 1024
const BARE_WRITE = 'bare: 1 MiB writes, no sync'
const BARE_SYNC = 'bare: write 192 B + fdatasync'

/** One entry a call, as an application appends. */
export const walAppend: Benchmark = {
  name: 'wal-append',
  about: 'single appends, with and without fsync',
  setUp: async (setting) => {
    const path = join(setting.folder, 'bare')
    await preparedFile(path, BARE_BYTES)
    return { cases: cases(setting, path), close: async () => undefined }
  },
}

function cases(setting: Setting, barePath: string): Case[] {
  const { scale } = setting
  const rate = { unit: 'entries/s', better: 'more' } as const
  return [
    { what: BARE_WRITE, unit: 'MB/s', better: 'more', run: () => bareSequentialWrite(barePath, BARE_BYTES) },
    { what: BARE_SYNC, unit: 'µs', better: 'less', run: () => bareWriteAndSync(barePath, 192, 1000 * scale) },
    {
      what: 'append 500–1024 B, 10 topics, NoFsync',
      ...rate,
      mustReach: 400_000,
      hopeFor: 2_000_000,
      run: () => appendMixed(setting, 600_000 * scale),
    },
    {
      what: 'append 100 B, SyncEach, 1 writer',
      unit: 'µs',
      better: 'less',
      limit: BARE_SYNC,
      mustReach: { factor: 1.3, of: BARE_SYNC },
      hopeFor: { factor: 1.1, of: BARE_SYNC },
      run: () => appendOneByOne(setting, 1000 * scale),
    },
    {
      what: 'append 100 B, SyncEach, 1,000 in flight',
      ...rate,
      mustReach: 700_000,
      hopeFor: 1_500_000,
      run: () => appendDurably(setting, 1_000_000 * scale),
    },
  ]
}

/** Entries a second of mixed sizes to 10 topics, acknowledged when written. */
export function appendMixed(setting: Setting, count: number): Promise<Sample> {
  const entries = mixedEntries(1000)
  const topics = Array.from({ length: 10 }, (_, at) => `topic-${at}`)
  return withFreshWal(setting, { fsync: { kind: 'none' } }, async (wal) => {
    const append = (n: number): Promise<number> =>
      wal.append(topics[n % topics.length] ?? '', entries[n % entries.length] ?? new Uint8Array(0))
    return { value: await rateOf(count, () => inFlight(count, 4000, append)) }
  })
}

/** Microseconds of one append of 100 B after the other. */
export function appendOneByOne(setting: Setting, count: number, settings: Settings = {}): Promise<Sample> {
  const entry = Buffer.alloc(100, 7)
  return withFreshWal(setting, settings, async (wal) => {
    const latencies = new Latencies()
    for (let n = 0; n < count; n++) {
      const started = performance.now()
      await wal.append('topic', entry)
      latencies.add(performance.now() - started)
    }
    const latency = latencies.summary()
    return { value: latency.p50, latency }
  })
}

/** Entries a second of 100 B, 1,000 under way, acknowledged when durable. */
export function appendDurably(setting: Setting, count: number): Promise<Sample> {
  const entry = Buffer.alloc(100, 7)
  return withFreshWal(setting, {}, async (wal) => {
    const latencies = new Latencies()
    const append = async (n: number): Promise<void> => {
      const started = n % 16 === 0 ? performance.now() : 0
      await wal.append('topic', entry)
      if (started > 0) latencies.add(performance.now() - started)
    }
    return { value: await rateOf(count, () => inFlight(count, 1000, append)), latency: latencies.summary() }
  })
}
