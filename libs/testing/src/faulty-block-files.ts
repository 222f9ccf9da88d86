import { WalrusError, type BlockFile, type BlockFileDirectory, type BlockFileSupport } from '@walrus/core'
import { CallGate } from './call-gate.js'
import { diskError } from './disk-error.js'
import type { DiskFault, DiskWorld } from './disk-world.js'
import { FaultyBlockFile } from './faulty-block-file.js'
import type { MemoryDisk } from '@walrus/adapters-memory'
import { SectorFile } from './sector-file.js'
import type { Random } from './seeded-random.js'

/** The state of a disk, shared by all that open it one after the other. */
export interface FaultyFiles {
  readonly memory: MemoryDisk
  readonly settled: Map<string, SectorFile>
  /** Files whose creation or removal is under way: a crash may leave or take each. */
  readonly unsettled: Map<string, SectorFile>
  readonly random: Random
  readonly spaceBytes: number
  readonly supports: BlockFileSupport
}

/** Block files in memory, behind a world that fails and stops. */
export class FaultyBlockFiles implements BlockFileDirectory {
  readonly path = 'faulty'
  readonly #memory: BlockFileDirectory
  readonly #files: FaultyFiles
  readonly #world: DiskWorld
  readonly #gate = new CallGate()
  readonly #opened = new Set<BlockFile>()
  readonly #broken = new Set<SectorFile>()

  constructor(memory: BlockFileDirectory, files: FaultyFiles, world: DiskWorld) {
    this.#memory = memory
    this.#files = files
    this.#world = world
  }

  list(): Promise<readonly string[]> {
    return this.#run('list', this.path, () => this.#world.goOn(() => this.#memory.list()))
  }

  create(name: string, sizeBytes: number): Promise<BlockFile> {
    return this.#run('create', name, async () => {
      const steps = this.#world.begin('create', name)
      const file = await steps.reach('before', async (fault) => {
        this.#checkSpace(name, sizeBytes, fault)
        const created = await this.#memory.create(name, sizeBytes)
        this.#files.unsettled.set(name, new SectorFile(new Uint8Array(sizeBytes), this.#cached(name)))
        return created
      })
      await steps.reach('during', () => move(name, this.#files.unsettled, this.#files.settled))
      return steps.reach('after', () => this.#track(file))
    })
  }

  open(name: string): Promise<BlockFile> {
    return this.#run('open', name, () => this.#world.goOn(async () => this.#track(await this.#memory.open(name))))
  }

  remove(name: string): Promise<void> {
    return this.#run('remove', name, async () => {
      const steps = this.#world.begin('remove', name)
      await steps.reach('before', async (fault) => {
        if (fault !== undefined) throw diskError('remove', name, fault)
        await this.#memory.remove(name)
        move(name, this.#files.settled, this.#files.unsettled)
      })
      await steps.reach('during', () => this.#files.unsettled.delete(name))
      await steps.reach('after', () => undefined)
    })
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      for (const file of this.#opened) await file.close()
      await this.#world.goOn(() => this.#memory.close())
    })
  }

  async #run<T>(action: string, what: string, call: () => Promise<T>): Promise<T> {
    if (this.#gate.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${what}": directory is closed`)
    return this.#gate.run(call)
  }

  #track(inner: BlockFile): BlockFile {
    const sectors = this.#files.settled.get(inner.name)
    if (sectors === undefined) throw new Error(`No sectors of "${inner.name}"`)
    const file = new FaultyBlockFile({
      inner,
      sectors,
      world: this.#world,
      random: this.#files.random,
      supports: this.#files.supports,
      broken: this.#broken,
    })
    this.#opened.add(file)
    return file
  }

  #checkSpace(name: string, sizeBytes: number, fault: DiskFault | undefined): void {
    let usedBytes = 0
    for (const bytes of this.#files.memory.files.values()) usedBytes += bytes.length
    if (fault !== undefined) throw diskError('create', name, fault)
    if (usedBytes + sizeBytes > this.#files.spaceBytes) throw diskError('create', name, 'ENOSPC')
  }

  #cached(name: string): Uint8Array {
    return this.#files.memory.files.get(name) ?? new Uint8Array()
  }
}

function move(name: string, from: Map<string, SectorFile>, to: Map<string, SectorFile>): void {
  const file = from.get(name)
  from.delete(name)
  if (file !== undefined) to.set(name, file)
}
