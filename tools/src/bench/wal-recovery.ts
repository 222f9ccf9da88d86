import { join } from 'node:path'
import type { Benchmark, Case, Setting } from './benchmark.js'
import { inFlight, openWal } from './wal-instance.js'

const ENTRY = Buffer.alloc(100_000, 7)
const GIGABYTES = [0.25, 1, 2] as const

/** Time to open a directory, against how much it holds. */
export const walRecovery: Benchmark = {
  name: 'wal-recovery',
  about: 'opening a directory of sealed data',
  setUp: async (setting) => {
    for (const size of GIGABYTES) await fill(setting, size)
    return { cases: GIGABYTES.map((size) => openCase(setting, size)), close: async () => undefined }
  },
}

async function fill(setting: Setting, gigabytes: number): Promise<void> {
  const wal = await openWal(setting, pathOf(setting, gigabytes), { fsync: { kind: 'none' } })
  const count = Math.round((gigabytes * setting.scale * 1e9) / ENTRY.length)
  await inFlight(count, 200, (n) => wal.append(`topic-${n % 10}`, ENTRY))
  await wal.close()
}

function openCase(setting: Setting, gigabytes: number): Case {
  const budget = gigabytes === 2 ? { mustReach: 300, hopeFor: 50 } : {}
  return {
    what: `open ${gigabytes} GB in 10 topics`,
    unit: 'ms',
    better: 'less',
    ...budget,
    run: async () => {
      const started = performance.now()
      const wal = await openWal(setting, pathOf(setting, gigabytes), {})
      const value = performance.now() - started
      await wal.close()
      return { value }
    },
  }
}

function pathOf(setting: Setting, gigabytes: number): string {
  return join(setting.folder, `wal-${gigabytes}`)
}
