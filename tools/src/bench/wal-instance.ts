import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Walrus, type WalrusOptions } from '@walrus/wal'
import type { Setting } from './benchmark.js'
import { openDisk } from './storage.js'

/** Which storage, without its adapters. */
export type Settings = Omit<WalrusOptions, 'directory' | 'clock' | 'checksum'>

/** An instance in an empty folder below that of the setting, for one run; closed and deleted afterwards. */
export async function withFreshWal<T>(
  setting: Setting,
  settings: Settings,
  use: (wal: Walrus) => Promise<T>,
): Promise<T> {
  const path = join(setting.folder, 'wal')
  await rm(path, { recursive: true, force: true })
  const wal = await openWal(setting, path, settings)
  try {
    return await use(wal)
  } finally {
    await wal.close()
    await rm(path, { recursive: true, force: true })
  }
}

export async function openWal({ storage }: Setting, path: string, settings: Settings): Promise<Walrus> {
  return Walrus.open({ ...(await openDisk(storage, path)), ...settings, onProblem: fail })
}

function fail(problem: Error): never {
  throw problem
}

/** Entries of the sizes that the original's benchmarks use: evenly from 500 to 1,024 bytes. */
export function mixedEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => Buffer.alloc(500 + ((at * 131) % 525), at))
}

/** Calls `operation(n)` for n from 0 to count − 1, with so many under way at once. */
export async function inFlight(
  count: number,
  width: number,
  operation: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await operation(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** Operations per second. */
export async function rateOf(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return count / ((performance.now() - started) / 1000)
}
