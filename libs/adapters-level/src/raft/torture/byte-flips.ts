import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLevelRaftLog } from '../level-raft-log.js'
import type { Verdict } from './judge.js'
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
  /** LevelDB itself ended the process that opened it. */
  ended: number
}

/**
 * Writes a log as a process that was killed leaves it, then changes one byte after the other, each in a fresh copy. Throws
 * when a log opens that is not the whole log, or fails in a way that says nothing.
 */
export async function runByteFlips({ folder, seed, flipsPerFile }: ByteFlips): Promise<FlipCounts> {
  const image = join(folder, 'image')
  const expected = await writeImage(folder, image, seed)
  const counts: FlipCounts = { whole: 0, refused: 0, ended: 0 }
  const draw = drawFrom(seed)
  const judge = new Judge()
  try {
    for (const file of await filesBelow(image)) {
      const bytes = await readFile(join(image, file))
      for (const position of positions(bytes.length, flipsPerFile, draw)) {
        const copy = join(folder, 'copy')
        await cp(image, copy, { recursive: true })
        const damaged = Buffer.from(bytes)
        damaged[position] = (damaged[position] ?? 0) ^ (1 << draw(8))
        await writeFile(join(copy, file), damaged)
        counts[judged(await judge.ask(copy), expected, `seed ${seed}, byte ${position} of ${file}`)]++
        await rm(copy, { recursive: true })
      }
    }
  } finally {
    judge.end()
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

function judged(verdict: Verdict | undefined, expected: string, when: string): keyof FlipCounts {
  if (verdict === undefined) return 'ended'
  if (verdict.kind === 'refused') return 'refused'
  if (verdict.kind === 'opened' && verdict.detail === expected) return 'whole'
  throw new Error(`${when}: ${verdict.kind} ${verdict.detail}, expected ${expected}`)
}

/** A process that can be ended by what it opens, and is then started anew. */
class Judge {
  #process: ChildProcess | undefined

  /** Undefined: it came to its end over this directory. */
  ask(directory: string): Promise<Verdict | undefined> {
    const script = fileURLToPath(new URL('./judge.js', import.meta.url))
    const child = (this.#process ??= fork(script, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }))
    return new Promise((resolve) => {
      const settle = (verdict: Verdict | undefined): void => {
        child.removeAllListeners()
        if (verdict === undefined) this.#process = undefined
        resolve(verdict)
      }
      child.once('message', (verdict) => settle(verdict as Verdict))
      child.once('exit', () => settle(undefined))
      child.send(directory)
    })
  }

  end(): void {
    this.#process?.kill()
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
