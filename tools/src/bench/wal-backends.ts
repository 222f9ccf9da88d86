import { probeMmap } from '@walrus/adapters-fs'
import { probeUring } from '@walrus/adapters-uring'
import { join } from 'node:path'
import { bareSequentialWrite, bareWriteAndSync, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Setting } from './benchmark.js'
import type { Storage } from './storage.js'
import { appendDurably, appendMixed, appendOneByOne } from './wal-append.js'
import { appendBatches } from './wal-batch.js'

const BARE_BYTES = 256 * 1024 * 1024
const BARE_WRITE = 'bare: 1 MiB writes, no sync'
const BARE_SYNC = 'bare: write 192 B + fdatasync'

/** The same work on every backend that this machine has, in turn: ratios that a drift of the machine does not touch. */
export const walBackends: Benchmark = {
  name: 'wal-backends',
  about: 'the storage backends side by side, whatever --storage says',
  setUp: async (setting) => {
    const path = join(setting.folder, 'bare')
    await preparedFile(path, BARE_BYTES)
    const limits: Case[] = [
      { what: BARE_WRITE, unit: 'MB/s', better: 'more', run: () => bareSequentialWrite(path, BARE_BYTES) },
      { what: BARE_SYNC, unit: 'µs', better: 'less', run: () => bareWriteAndSync(path, 192, 1000 * setting.scale) },
    ]
    const each = available().map((storage) => cases({ ...setting, storage }))
    return { cases: [...limits, ...interleaved(each)], close: async () => undefined }
  },
}

function available(): Storage[] {
  const storages: Storage[] = ['fd']
  if (probeMmap().available) storages.push('mmap')
  if (probeUring().available) storages.push('uring')
  return storages
}

function cases(setting: Setting): Case[] {
  const { scale, storage } = setting
  const rate = { unit: 'entries/s', better: 'more' } as const
  const batches = { unit: 'MB/s', better: 'more', limit: BARE_WRITE } as const
  const none = { fsync: { kind: 'none' } } as const
  return [
    { ...rate, what: `append, NoFsync, 10 topics: ${storage}`, run: () => appendMixed(setting, 600_000 * scale) },
    { ...rate, what: `append, SyncEach, 1,000 in flight: ${storage}`, run: () => appendDurably(setting, 1e6 * scale) },
    {
      what: `append, SyncEach, 1 writer: ${storage}`,
      unit: 'µs',
      better: 'less',
      limit: BARE_SYNC,
      run: () => appendOneByOne(setting, 1000 * scale),
    },
    {
      what: `append, NoFsync, 1 writer: ${storage}`,
      unit: 'µs',
      better: 'less',
      run: () => appendOneByOne(setting, 10_000 * scale, none),
    },
    { ...batches, what: `appendBatch, NoFsync: ${storage}`, run: () => appendBatches(setting, none, 300 * scale) },
    { ...batches, what: `appendBatch, SyncEach: ${storage}`, run: () => appendBatches(setting, {}, 300 * scale) },
  ]
}

/** First the first of each, so that what is compared runs one after the other. */
function interleaved(lists: readonly Case[][]): Case[] {
  const [first = []] = lists
  return first.flatMap((_, at) => lists.flatMap((list) => list.slice(at, at + 1)))
}
