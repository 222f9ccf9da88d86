import type { BlockFileDirectory } from '@walrus/core'
import { DiskWorld, type OnOperation } from './disk-world.js'
import { FaultyBlockFiles, type FaultyFiles } from './faulty-block-files.js'
import { MemoryBlockFiles, MemoryDisk } from '@walrus/adapters-memory'
import { SectorFile } from './sector-file.js'
import { seededRandom, type Random } from './seeded-random.js'

/** How a `FaultyDisk` behaves. */
export interface FaultyDiskOptions {
  /** Decides what failed writes and syncs leave behind; seed 0 unless told. */
  readonly random?: Random
  /** Room for the sizes of all files together; a `create` beyond it gets `DISK_FULL`. Unlimited unless told. */
  readonly spaceBytes?: number
  /** What files say of themselves in `supports`; true unless told. Durable writes work either way. */
  readonly durableWrite?: boolean
  /** Faults, stops and delays; none unless told. */
  readonly onOperation?: OnOperation
}

/**
 * A disk that loses, tears and reorders what was not synced when the power goes, and that fails on demand.
 *
 * A crash leaves of each sector of 512 bytes what was stable, or any one of the un-synced writes to it, whatever it leaves
 * of the others; a sector is never a mixture. A write that fails leaves each of its sectors old or new. After a failed sync
 * or durable write the file is broken, each un-synced sector has reached the medium or not, and reads still show them all.
 */
export class FaultyDisk {
  readonly #options: FaultyDiskOptions
  readonly #world: DiskWorld
  readonly #memory = new MemoryDisk()
  readonly #files: FaultyFiles

  constructor(options: FaultyDiskOptions = {}) {
    this.#options = options
    this.#world = new DiskWorld(options.onOperation ?? (() => undefined))
    this.#files = {
      settled: new Map(),
      unsettled: new Map(),
      memory: this.#memory,
      random: options.random ?? seededRandom(0),
      spaceBytes: options.spaceBytes ?? Infinity,
      supports: { alignmentBytes: 1, durableWrite: options.durableWrite ?? true },
    }
  }

  /** Points that the world has passed; a test that stops at each from 1 to here has crashed everywhere. */
  get boundaryCount(): number {
    return this.#world.boundaryCount
  }

  /** Resolves when the world has stopped. */
  get stopped(): Promise<void> {
    return this.#world.stopped
  }

  /** Becomes the owner of the disk, as the port says. */
  async open(): Promise<BlockFileDirectory> {
    const memory = await this.#world.goOn(() => MemoryBlockFiles.open(this.#memory))
    return new FaultyBlockFiles(memory, this.#files, this.#world)
  }

  /**
   * Stops the world and returns the disk as the power loss leaves it, unlocked. `random` decides each un-synced sector:
   * `() => 0` keeps the newest of all, as when only the process dies; a number just below 1 loses all.
   */
  crash(random: Random, options: FaultyDiskOptions = {}): FaultyDisk {
    this.#world.stop()
    const survivor = new FaultyDisk({ ...this.#options, onOperation: () => undefined, ...options })
    for (const [name, file] of this.#files.settled) survivor.#keep(name, file.afterCrash(random))
    for (const [name, file] of this.#files.unsettled) if (random() < 0.5) survivor.#keep(name, file.afterCrash(random))
    return survivor
  }

  /** Turns over one bit of a file, on the medium and for everybody who reads. */
  flipBit(file: string, position: number, bit = 0): void {
    this.#files.settled.get(file)?.flipBit(position, bit)
  }

  /** What reads of a file would show now; undefined where there is none. A copy. */
  contents(file: string): Uint8Array | undefined {
    return this.#memory.files.get(file)?.slice()
  }

  #keep(name: string, bytes: Uint8Array): void {
    const cached = bytes.slice()
    this.#memory.files.set(name, cached)
    this.#files.settled.set(name, new SectorFile(bytes, cached))
  }
}
