import { WalrusError } from '@walrus/core'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelRaftLog } from '../level-raft-log.js'
import { describeLog, drawFrom, nextOperation, perform, type Draw } from './workload.js'

export interface ByteFlips {
  /** An empty folder. */
  readonly folder: string
  readonly seed: number
  /** In each file; all bytes of a file that has no more. */
  readonly flipsPerFile: number
}

/** What came of all flips. */
export interface FlipCounts {
  /** The log was opened, and it is the whole log. */
  whole: number
  /** It was refused with a clear error. */
  refused: number
}

/**
 * Writes a log as a process that was killed leaves it, then changes one byte after the other, each in a fresh copy. Throws
 * when a log opens that is not the whole log, or fails in a way that says nothing.
 */
export async function runByteFlips({ folder, seed, flipsPerFile }: ByteFlips): Promise<FlipCounts> {
  const image = join(folder, 'image')
  const expected = await writeImage(folder, image, seed)
  const counts: FlipCounts = { whole: 0, refused: 0 }
  const draw = drawFrom(seed)
  for (const file of await filesBelow(image)) {
    const bytes = await readFile(join(image, file))
    for (const position of positions(bytes.length, flipsPerFile, draw)) {
      const copy = join(folder, 'copy')
      await cp(image, copy, { recursive: true })
      const damaged = Buffer.from(bytes)
      damaged[position] = (damaged[position] ?? 0) ^ (1 << draw(8))
      await writeFile(join(copy, file), damaged)
      counts[await judge(copy, expected, `seed ${seed}, byte ${position} of ${file}`)]++
      await rm(copy, { recursive: true })
    }
  }
  return counts
}

/** Part of the log is in tables, because it was opened again; the end is in LevelDB's own log. */
async function writeImage(folder: string, image: string, seed: number): Promise<string> {
  const directory = join(folder, 'log')
  const draw = drawFrom(seed)
  let description = ''
  for (let life = 0; life < 3; life++) {
    const store = await openLevelRaftLog({ directory, nodeId: 1, chunkBytes: 100 })
    for (let step = 0; step < 150; step++) await perform(store, nextOperation(store, draw))
    await rm(image, { recursive: true, force: true })
    await cp(directory, image, { recursive: true })
    description = await describeLog(store)
    await store.close()
  }
  return description
}

async function judge(directory: string, expected: string, when: string): Promise<keyof FlipCounts> {
  let store
  try {
    store = await openLevelRaftLog({ directory, nodeId: 1 })
  } catch (error) {
    if (error instanceof WalrusError) return 'refused'
    throw new Error(`${when}: failed without a code`, { cause: error })
  }
  try {
    const found = await describeLog(store)
    if (found !== expected) throw new Error(`${when}: found ${found}, expected ${expected}`)
    return 'whole'
  } finally {
    await store.close()
  }
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return files.map((path) => path.slice(directory.length + 1)).sort()
}

function positions(length: number, count: number, draw: Draw): readonly number[] {
  if (length <= count) return Array.from({ length }, (_, at) => at)
  return Array.from({ length: count }, () => draw(length))
}
