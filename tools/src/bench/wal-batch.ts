import { join } from 'node:path'
import { bareFreshWrite, bareSequentialWrite, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { mixedEntries, withFreshWal, type Settings } from './wal-instance.js'

const BARE_BYTES = 512 * 1024 * 1024
const BATCH_ENTRIES = 2000
const BARE_WRITE = 'bare: 1 MiB writes into fresh space, no sync'

/** Batches of the largest size that the original takes. */
export const walBatch: Benchmark = {
  name: 'wal-batch',
  about: 'appendBatch of 2,000 entries of 500–1024 B',
  setUp: async (setting) => {
    const path = join(setting.folder, 'bare')
    await preparedFile(path, BARE_BYTES)
    return { cases: cases(setting, path), close: async () => undefined }
  },
}

function cases(setting: Setting, barePath: string): Case[] {
  const { scale } = setting
  const common = { unit: 'MB/s', better: 'more', limit: BARE_WRITE } as const
  return [
    {
      what: 'bare: 1 MiB writes over what was written, no sync',
      unit: 'MB/s',
      better: 'more',
      run: () => bareSequentialWrite(barePath, BARE_BYTES),
    },
    { what: BARE_WRITE, unit: 'MB/s', better: 'more', run: () => bareFreshWrite(`${barePath}-fresh`, BARE_BYTES) },
    {
      ...common,
      what: 'appendBatch, NoFsync, 4 in flight',
      mustReach: { factor: 0.8, of: BARE_WRITE },
      hopeFor: { factor: 1, of: BARE_WRITE },
      run: () => appendBatches(setting, { fsync: { kind: 'none' } }, 300 * scale),
    },
    { ...common, what: 'appendBatch, SyncEach, 4 in flight', run: () => appendBatches(setting, {}, 300 * scale) },
  ]
}

/** Megabytes a second of batches of 2,000 entries, 4 under way. */
export function appendBatches(setting: Setting, settings: Settings, count: number): Promise<Sample> {
  const entries = mixedEntries(BATCH_ENTRIES)
  const bytes = entries.reduce((sum, entry) => sum + entry.length, 0) * count
  return withFreshWal(setting, settings, async (wal) => {
    const started = performance.now()
    let left = count
    const writer = async (): Promise<void> => {
      while (left-- > 0) await wal.appendBatch('topic', entries)
    }
    await Promise.all([writer(), writer(), writer(), writer()])
    return { value: bytes / 1e6 / ((performance.now() - started) / 1000) }
  })
}
