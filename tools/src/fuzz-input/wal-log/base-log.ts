import { nativeChecksum } from '@walrus/adapters-fs'
import { FaultyDisk, ManualClock, randomBelow, seededRandom, type Random } from '@walrus/testing'
import { Walrus, type WalrusOptions } from '@walrus/wal'
import { oneOf } from '../draw.js'

/** A log as the engine has written it, and all that was ever put into it. */
export interface BaseLog {
  /** Block files, byte for byte. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly written: WrittenEntries
}

/** All that was ever put into a log. */
export class WrittenEntries {
  readonly #entries = new Map<string, Uint8Array[]>()

  add(topic: string, offset: number, entry: Uint8Array): void {
    const place = `${topic} ${offset}`
    const there = this.#entries.get(place) ?? []
    this.#entries.set(place, [...there, entry])
  }

  /** Whether the entry ever stood there. A topic that was deleted begins anew, so a place may have had several. */
  has(topic: string, offset: number, entry: Uint8Array): boolean {
    return this.#entries.get(`${topic} ${offset}`)?.some((one) => Buffer.compare(one, entry) === 0) ?? false
  }
}

/** What an engine of a fuzzed log stands on, beside its directory: a few entries fill a block, a few blocks a file. */
export function engineOptions(): Omit<WalrusOptions, 'directory'> {
  const clock = new ManualClock({ autoDefer: true })
  return { clock, checksum: nativeChecksum, blockBytes: 4096, fileBytes: 48 * 1024, segmentBytesMax: 6000 }
}

/** Logs in every state that files can be found in: closed by the engine, and left by a process that was killed. */
export async function buildBaseLogs(): Promise<readonly BaseLog[]> {
  return [await buildBaseLog(1, true), await buildBaseLog(2, false)]
}

async function buildBaseLog(seed: number, closed: boolean): Promise<BaseLog> {
  const disk = new FaultyDisk()
  const written = new WrittenEntries()
  const random = seededRandom(seed)
  for (let life = 1; life <= 2; life += 1) {
    const walrus = await Walrus.open({ ...engineOptions(), directory: await disk.open() })
    for (let step = 0; step < 40; step += 1) await appendSome(walrus, written, random)
    await walrus.cursor('alpha', 'reader').seek({ offset: 3 * life })
    await walrus.readNext('beta')
    if (life === 1) await walrus.deleteTopic('gamma')
    if (life === 1 || closed) await walrus.close()
  }
  const left = closed ? disk : disk.kill()
  return { files: new Map(left.fileNames.map((name) => [name, left.contents(name) ?? new Uint8Array()])), written }
}

async function appendSome(walrus: Walrus, written: WrittenEntries, random: Random): Promise<void> {
  const topic = oneOf(random, TOPICS)
  const entries = Array.from({ length: 1 + randomBelow(random, 3) }, () => {
    return Uint8Array.from({ length: randomBelow(random, random() < 0.1 ? 5000 : 200) }, () => randomBelow(random, 256))
  })
  const { firstOffset } = await walrus.appendBatch(topic, entries)
  entries.forEach((entry, at) => written.add(topic, firstOffset + at, entry))
}

const TOPICS = ['alpha', 'beta', 'gamma']
