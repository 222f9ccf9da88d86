import { WalrusError, type StoredEntry } from '@walrus/core'
import { crc32 } from '@walrus/protocol'
import { ManualClock, type FaultyDisk } from '@walrus/testing'
import type { Finding } from './inspect/finding.js'
import { LogInspector } from './inspect/log-inspector.js'
import { openLogStorage, type LogStorageOptions, type SegmentStore } from './log/segment-store.js'
import type { WalrusOptions } from './walrus-options.js'
import { Walrus } from './walrus.js'

/** Sizes at which a few entries fill a block, and a few blocks a file. */
export const SMALL = { blockBytes: 4096, fileBytes: 64 * 1024 } as const

type Settings = Partial<Omit<WalrusOptions, 'directory'>>

/** What every instance in a test stands on, apart from the directory. */
export function surroundings(): Pick<LogStorageOptions, 'clock' | 'checksum'> {
  return { clock: new ManualClock({ autoDefer: true }), checksum: crc32 }
}

/** Opens the library on a disk with small blocks and files. */
export async function openWalrus(disk: FaultyDisk, settings: Settings = {}): Promise<Walrus> {
  return Walrus.open({ ...surroundings(), ...SMALL, ...settings, directory: await disk.open() })
}

/** Opens the storage on a disk with small blocks and files. */
export async function openStorage(disk: FaultyDisk, settings: Settings = {}): Promise<SegmentStore> {
  return openLogStorage({ ...surroundings(), ...SMALL, ...settings, directory: await disk.open() })
}

/** What an inspector calls damage, before anybody starts on the disk. */
export async function damageIn(disk: FaultyDisk): Promise<Finding[]> {
  const inspector = await LogInspector.open({ directory: await disk.open(), checksum: crc32 })
  const damage: Finding[] = []
  await inspector.verify({ onFinding: (finding) => void (finding.severity === 'damage' && damage.push(finding)) })
  await inspector.close()
  return damage
}

/** Collects what has no caller to reject. */
export function problemList(): { readonly problems: string[]; readonly onProblem: (error: Error) => void } {
  const problems: string[] = []
  return { problems, onProblem: (error) => problems.push(error.message) }
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text)
}

/** An entry whose text begins with `label`, and which has at least so many bytes. */
export function paddedEntry(label: string, sizeBytes: number): Uint8Array {
  return Buffer.from(`${label} `.padEnd(sizeBytes, '.'))
}

export function textOf(entry: StoredEntry | undefined): string | undefined {
  return entry && Buffer.from(entry.data).toString()
}

export function textsOf(entries: readonly StoredEntry[]): string[] {
  return entries.map((entry) => Buffer.from(entry.data).toString())
}

/** All entries of the topic from an offset on, in order; throws when an offset is not the one that it must be. */
export async function readAll(walrus: Walrus, topic: string, fromOffset = 0): Promise<string[]> {
  const texts: string[] = []
  for (;;) {
    const entries = await walrus.read(topic, fromOffset + texts.length)
    if (entries.length === 0) return texts
    for (const entry of entries) {
      const offset = fromOffset + texts.length
      if (entry.offset !== offset) throw new Error(`offset ${entry.offset} stands where ${offset} should`)
      texts.push(Buffer.from(entry.data).toString())
    }
  }
}

/** What a call rejects with; an error of its own when it resolves. */
export async function failureOf(call: Promise<unknown>): Promise<WalrusError> {
  try {
    await call
  } catch (error) {
    if (error instanceof WalrusError) return error
    throw error
  }
  throw new Error('the call resolved')
}

/** The code of what a call throws at once. */
export function thrownCode(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return error instanceof WalrusError ? error.code : String(error)
  }
  return 'nothing thrown'
}

/** Lets everything run that waits for nothing but its turn. */
export async function turnsOfTheLoop(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
