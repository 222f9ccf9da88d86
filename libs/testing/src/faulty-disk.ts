import type { BlockFileDirectory } from '@walrus/core'
import { DiskWorld, type OnOperation } from './disk-world.js'
import { FaultyBlockFiles, type FaultyFiles } from './faulty-block-files.js'
import { MemoryBlockFiles, MemoryDisk } from '@walrus/adapters-memory'
import type { SectorFile } from './sector-file.js'
import { randomBelow, seededRandom, type Random } from './seeded-random.js'

/** How a `FaultyDisk` behaves. */
export interface FaultyDiskOptions {
  /** Decides what failed writes and syncs leave behind; seed 0 unless told. */
  readonly random?: Random
  /** Room for the sizes of all files together; a `create` beyond it gets `DISK_FULL`. Unlimited unless told. */
  readonly spaceBytes?: number
  /** What files say of themselves in `supports`; true unless told. Durable writes work either way. */
  readonly durableWrite?: boolean
  /**
   * Chance that a crash puts an un-synced sector elsewhere instead of home, where nothing durable stands, in a file that
   * holds something durable; one sector a crash at most. 0 unless told.
   */
  readonly strayChance?: number
  /** Faults, stops and delays; none unless told. */
  readonly onOperation?: OnOperation
}

/**
 * A disk that loses, tears and reorders what was not synced when the power goes, and that fails on demand.
 *
 * A crash leaves of each sector of 512 bytes what was stable, or any one of the un-synced writes to it, whatever it leaves
 * of the others; a sector is never a mixture. On request it puts one of the un-synced where nothing durable stands.
 * A write that fails leaves each of its sectors old or new. After a failed sync or durable write the file is broken, each
 * un-synced sector has reached the medium or not, and reads still show them all.
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
    const survivor = this.#successor(options)
    const { strayChance = 0 } = this.#options
    const strays: Uint8Array[] = []
    let straysLeft = strayChance > 0 ? 1 : 0
    const isStray = (): boolean => straysLeft > 0 && random() < strayChance && straysLeft-- > 0
    const keep = (name: string, before: SectorFile): void => {
      const after = before.afterCrash(random, isStray)
      strays.push(...after.strays)
      survivor.#keep(name, after.file)
    }
    for (const [name, file] of this.#files.settled) keep(name, file)
    const established = [...this.#files.settled].filter(([, file]) => file.holdsSomething)
    const targets = established.flatMap(([name]) => survivor.#files.settled.get(name) ?? [])
    for (const [name, file] of this.#files.unsettled) if (random() < 0.5) keep(name, file)
    for (const stray of strays) misdirect(stray, targets, random)
    return survivor
  }

  /**
   * Stops the world and returns the disk as the death of the process leaves it, unlocked: all that was written is shown to
   * the next owner, and what was not durable is still not.
   */
  kill(options: FaultyDiskOptions = {}): FaultyDisk {
    this.#world.stop()
    const survivor = this.#successor(options)
    for (const [name, file] of [...this.#files.settled, ...this.#files.unsettled])
      if (this.#memory.files.has(name)) survivor.#keep(name, file)
    return survivor
  }

  /** Turns over one bit of a file, on the medium and for everybody who reads. */
  flipBit(file: string, position: number, bit = 0): void {
    this.#files.settled.get(file)?.flipBit(position, bit)
  }

  /** Names of the files that are there, ascending. */
  get fileNames(): readonly string[] {
    return [...this.#memory.files.keys()].sort()
  }

  /** What reads of a file would show now; undefined where there is none. A copy. */
  contents(file: string): Uint8Array | undefined {
    return this.#memory.files.get(file)?.slice()
  }

  #successor(options: FaultyDiskOptions): FaultyDisk {
    return new FaultyDisk({ ...this.#options, onOperation: () => undefined, ...options })
  }

  #keep(name: string, file: SectorFile): void {
    this.#memory.files.set(name, file.cached)
    this.#files.settled.set(name, file)
  }
}

const STRAY_ATTEMPTS = 8

/** Into the first free place that it happens on, or nowhere. */
function misdirect(stray: Uint8Array, files: readonly SectorFile[], random: Random): void {
  for (let attempt = 0; attempt < STRAY_ATTEMPTS; attempt += 1) {
    const file = files[randomBelow(random, files.length)]
    if (file?.takeStray(randomBelow(random, file.sectorCount), stray)) return
  }
}
