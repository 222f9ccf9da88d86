import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Walrus } from '@walrus/wal'
import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { withFreshWal } from './wal-instance.js'

const MEBIBYTE = 1024 * 1024
const ENTRY = Buffer.alloc(16 * 1024, 7)
const TOPICS = ['one', 'two', 'three', 'four']
/** What is written in all, in units of what is kept. */
const ROUNDS = 10

/** Disk use while ten times as much is written, and read, as retention keeps: it must not grow. */
export const walSoak: Benchmark = {
  name: 'wal-soak',
  about: `writes and consumes ${ROUNDS} times what retention keeps; disk use after each time that much again`,
  setUp: async (setting) => ({ cases: [soakCase(setting)], close: async () => undefined }),
}

function soakCase(setting: Setting): Case {
  const keptBytes = Math.round(64 * MEBIBYTE * setting.scale)
  return {
    what: `most on disk, of the ${(keptBytes / MEBIBYTE).toFixed(0)} MiB that are kept`,
    unit: '×',
    better: 'less',
    mustReach: 1.3,
    run: () => soak(setting, keptBytes),
  }
}

function soak(setting: Setting, keptBytes: number): Promise<Sample> {
  const settings = {
    retention: { bytes: keptBytes / TOPICS.length },
    fileBytes: Math.round(keptBytes / 4),
    fsync: { kind: 'none' },
  } as const
  return withFreshWal(setting, settings, async (wal) => {
    let most = 0
    for (let round = 0; round < ROUNDS; round++) {
      await writeAndConsume(wal, Math.ceil(keptBytes / ENTRY.length))
      await wal.enforceRetention()
      most = Math.max(most, await usedBytes(join(setting.folder, 'wal')))
    }
    return { value: most / keptBytes }
  })
}

async function writeAndConsume(wal: Walrus, count: number): Promise<void> {
  for (let n = 0; n < count; n += TOPICS.length) await Promise.all(TOPICS.map((topic) => wal.append(topic, ENTRY)))
  for (const topic of TOPICS) while ((await wal.readBatch(topic)).length > 0);
}

/** Blocks that the file system has given to the files, not their lengths. */
async function usedBytes(folder: string): Promise<number> {
  const files = await Promise.all((await readdir(folder)).map((name) => stat(join(folder, name))))
  return files.reduce((sum, { blocks }) => sum + blocks * 512, 0)
}
