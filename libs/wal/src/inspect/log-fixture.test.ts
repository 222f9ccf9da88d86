import type { BlockFileDirectory } from '@walrus/core'
import { MemoryBlockFiles, MemoryDisk } from '@walrus/adapters-memory'
import { crc32 } from '@walrus/protocol'
import { expect } from 'chai'
import { SMALL, surroundings } from '../harness.test.js'
import type { WalrusOptions } from '../walrus-options.js'
import { Walrus } from '../walrus.js'
import type { Finding } from './finding.js'
import { LogInspector, type VerifySummary } from './log-inspector.js'
import type { BatchView, RunView } from './views.js'

/** A log on a disk whose bytes a test can change behind its back. */
export class LogFixture {
  disk = new MemoryDisk()

  /** Writes with an instance that is closed afterwards. */
  async write(use: (walrus: Walrus) => Promise<unknown>, settings: Partial<WalrusOptions> = {}): Promise<void> {
    const walrus = await this.#open(settings)
    await use(walrus)
    await walrus.close()
  }

  /** Writes with an instance whose process is killed: what it has written stays, a clean end is not recorded. */
  async writeAndDie(use: (walrus: Walrus) => Promise<unknown>, settings: Partial<WalrusOptions> = {}): Promise<void> {
    const walrus = await this.#open(settings)
    await use(walrus)
    const survivor = new MemoryDisk()
    for (const [name, bytes] of this.disk.files) survivor.files.set(name, bytes.slice())
    await walrus.close()
    this.disk = survivor
  }

  bytes(file: string): Uint8Array {
    const bytes = this.disk.files.get(file)
    if (!bytes) throw new Error(`no file ${file}`)
    return bytes
  }

  flip({ file, byte }: { readonly file: string; readonly byte: number }, plus = 0): void {
    const bytes = this.bytes(file)
    bytes[byte + plus] = bytes[byte + plus]! ^ 0x10
  }

  swap(file: string, byteA: number, byteB: number, length: number): void {
    const bytes = this.bytes(file)
    const a = bytes.slice(byteA, byteA + length)
    bytes.copyWithin(byteA, byteB, byteB + length)
    bytes.set(a, byteB)
  }

  async inspector(directory?: BlockFileDirectory): Promise<LogInspector> {
    return LogInspector.open({ directory: directory ?? (await MemoryBlockFiles.open(this.disk)), checksum: crc32 })
  }

  async look<T>(use: (inspector: LogInspector) => Promise<T>): Promise<T> {
    const inspector = await this.inspector()
    try {
      return await use(inspector)
    } finally {
      await inspector.close()
    }
  }

  batches(topic: string): Promise<BatchView[]> {
    return this.look((inspector) => collect(inspector.batches(topic)))
  }

  async runs(topic: string): Promise<readonly RunView[]> {
    return (await this.look((inspector) => inspector.topic(topic))).runs
  }

  async verify(directory?: BlockFileDirectory): Promise<Verified> {
    const inspector = await this.inspector(directory)
    const findings: Finding[] = []
    const summary = await inspector.verify({ onFinding: (finding) => void findings.push(finding) })
    await inspector.close()
    return { findings, summary }
  }

  /** What is found, which the summary must count. */
  async findings(): Promise<readonly Finding[]> {
    const { findings, summary } = await this.verify()
    const damageCount = findings.filter(({ severity }) => severity === 'damage').length
    const noteCount = findings.length - damageCount
    expect(summary).to.include({ whole: damageCount === 0, damageCount, noteCount })
    return findings
  }

  async #open(settings: Partial<WalrusOptions>): Promise<Walrus> {
    const directory = await MemoryBlockFiles.open(this.disk)
    return Walrus.open({ ...surroundings(), ...SMALL, ...settings, directory })
  }
}

export interface Verified {
  readonly findings: readonly Finding[]
  readonly summary: VerifySummary
}

/** Appends so many entries one by one, each a batch of its own. */
export async function fill(walrus: Walrus, topic: string, count: number, entryBytes = 1000): Promise<void> {
  for (let at = 0; at < count; at++) await walrus.append(topic, entryOf(`${topic} ${at}`, entryBytes))
}

/** Begins with the label, and looks different at each place. */
export function entryOf(label: string, entryBytes: number): Uint8Array {
  const bytes = Uint8Array.from(
    { length: entryBytes },
    (_, at) => ((at + label.length) * (at + label.charCodeAt(label.length - 1))) % 251,
  )
  bytes.set(Buffer.from(label).subarray(0, entryBytes))
  return bytes
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}
