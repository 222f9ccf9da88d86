import { WalrusError, type BlockFile, type BlockFileSupport } from '@walrus/core'
import { CallGate } from './call-gate.js'
import { breakingError, diskError } from './disk-error.js'
import type { DiskFault, DiskWorld } from './disk-world.js'
import { SECTOR_BYTES, type SectorFile } from './sector-file.js'
import type { Random } from './seeded-random.js'

/** What a faulty file is made of. */
export interface FaultyBlockFileOptions {
  /** The file as the system shows it. */
  readonly inner: BlockFile
  readonly sectors: SectorFile
  readonly world: DiskWorld
  readonly random: Random
  readonly supports: BlockFileSupport
  /** The files with a failed sync. */
  readonly broken: Set<SectorFile>
}

/** A file in memory that keeps book of what is on the medium. */
export class FaultyBlockFile implements BlockFile {
  readonly supports: BlockFileSupport
  readonly name: string
  readonly sizeBytes: number
  readonly #options: FaultyBlockFileOptions
  readonly #gate = new CallGate()

  constructor(options: FaultyBlockFileOptions) {
    this.name = options.inner.name
    this.sizeBytes = options.inner.sizeBytes
    this.supports = options.supports
    this.#options = options
  }

  async write(parts: readonly Uint8Array[], position: number, durable: boolean): Promise<void> {
    return this.#runHealthy('write', async () => {
      const steps = this.#options.world.begin(durable ? 'durable write' : 'write', this.name)
      const write = await steps.reach('before', (fault) => this.#store({ parts, position, durable }, fault))
      if (durable) await steps.reach('during', () => this.#settle(position, lengthOf(parts), write))
      await steps.reach('after', () => undefined)
    })
  }

  async sync(): Promise<void> {
    return this.#runHealthy('sync', async () => {
      const steps = this.#options.world.begin('sync', this.name)
      const covered = this.#options.sectors.writeCount
      await steps.reach('before', (fault) => {
        if (fault !== undefined) this.#break('sync', fault)
        this.#checkHealth('sync')
        this.#options.sectors.settle(covered)
      })
      await steps.reach('after', () => undefined)
    })
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#checkOpen('read')
    const { world, inner } = this.#options
    return this.#gate.run(() => world.goOn(() => inner.read(position, length)))
  }

  close(): Promise<void> {
    return this.#gate.close(() => this.#options.world.goOn(() => this.#options.inner.close()))
  }

  /** Resolves with the number of this write. */
  async #store(write: WriteCall, fault: DiskFault | undefined): Promise<number> {
    const { inner, sectors } = this.#options
    const before = fault === undefined ? undefined : sectors.cached.slice()
    await inner.write(write.parts, write.position, false)
    if (before !== undefined) this.#undoSome(before, write)
    sectors.written(write.position, lengthOf(write.parts))
    if (fault !== undefined && write.durable) this.#break('write', fault)
    if (fault !== undefined) throw diskError('write', this.name, fault)
    return sectors.writeCount
  }

  #settle(position: number, lengthBytes: number, write: number): void {
    this.#checkHealth('write')
    this.#options.sectors.settleRange(position, lengthBytes, write)
  }

  #undoSome(before: Uint8Array, { parts, position }: WriteCall): void {
    const end = position + lengthOf(parts)
    for (let start = position; start < end;) {
      const next = Math.min(end, (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES)
      if (this.#options.random() < 0.5) this.#options.sectors.cached.set(before.subarray(start, next), start)
      start = next
    }
  }

  #break(action: string, fault: DiskFault): never {
    this.#options.sectors.settleAtRandom(this.#options.random)
    this.#options.broken.add(this.#options.sectors)
    throw breakingError(action, this.name, fault)
  }

  async #runHealthy(action: string, call: () => Promise<void>): Promise<void> {
    this.#checkOpen(action)
    this.#checkHealth(action)
    return this.#gate.run(call)
  }

  #checkHealth(action: string): void {
    const { broken, sectors } = this.#options
    if (!broken.has(sectors)) return
    throw new WalrusError('FILE_FAILED', `Cannot ${action} "${this.name}": file failed before`)
  }

  #checkOpen(action: string): void {
    if (this.#gate.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${this.name}": file is closed`)
  }
}

interface WriteCall {
  readonly parts: readonly Uint8Array[]
  readonly position: number
  readonly durable: boolean
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
