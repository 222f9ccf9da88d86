import { randomBelow, type Random } from './seeded-random.js'

/** The disk writes so many bytes whole: after a crash a sector is what one write left there, never a mixture. */
export const SECTOR_BYTES = 512

/**
 * What the medium holds of one file, beside what the system shows of it.
 *
 * A write makes a new version of each sector that it touches. Until a sync, the system may have brought any of them to the
 * medium, each sector by itself and in any order; a sync settles on the newest that it covers.
 */
export class SectorFile {
  /** What reads see: the cache of the system. Written by its owner, who then calls `written`. */
  readonly cached: Uint8Array
  readonly #stable: Uint8Array
  readonly #unsynced = new Map<number, Version[]>()
  /** Sectors of which the medium holds something that was once written there. */
  readonly #held = new Set<number>()
  #writeCount = 0

  constructor(stable: Uint8Array, cached: Uint8Array) {
    this.#stable = stable
    this.cached = cached
  }

  /** False for a file to which nothing was brought yet. */
  get holdsSomething(): boolean {
    return this.#held.size > 0
  }

  get sectorCount(): number {
    return Math.floor(this.#stable.length / SECTOR_BYTES)
  }

  /** Writes so far; a sync covers those up to its count. */
  get writeCount(): number {
    return this.#writeCount
  }

  /** Notes that these bytes of `cached` were changed by one write. */
  written(position: number, lengthBytes: number): void {
    this.#writeCount += 1
    for (const sector of sectorsOf(position, lengthBytes)) {
      const start = sector * SECTOR_BYTES
      const version = { write: this.#writeCount, bytes: this.cached.slice(start, start + SECTOR_BYTES) }
      this.#unsynced.set(sector, [...(this.#unsynced.get(sector) ?? []), version])
    }
  }

  /** A sync of everything up to that write has succeeded. */
  settle(upToWrite: number): void {
    this.#settleSectors(this.#unsynced.keys(), upToWrite)
  }

  /** As `settle`, for the sectors of these bytes alone: a durable write has succeeded. */
  settleRange(position: number, lengthBytes: number, upToWrite: number): void {
    this.#settleSectors(sectorsOf(position, lengthBytes), upToWrite)
  }

  /** A sync has failed: the system drops what it could not write, and shows it still. */
  settleAtRandom(random: Random): void {
    for (const [sector, versions] of this.#unsynced) this.#store(sector, pick(versions, random))
    this.#unsynced.clear()
  }

  /** The file as a power loss now leaves it. Each un-synced sector that is said to stray is not at home then. */
  afterCrash(
    random: Random,
    isStray: () => boolean,
  ): { readonly file: SectorFile; readonly strays: readonly Uint8Array[] } {
    const file = new SectorFile(this.#stable.slice(), this.#stable.slice())
    for (const sector of this.#held) file.#held.add(sector)
    const strays: Uint8Array[] = []
    for (const [sector, versions] of this.#unsynced) {
      const version = pick(versions, random)
      if (version !== undefined && isStray()) strays.push(version.bytes)
      else file.#store(sector, version)
    }
    file.cached.set(file.#stable)
    return { file, strays }
  }

  /** Takes a sector that was meant for another place; false, and nothing happens, where something durable stands. */
  takeStray(sector: number, bytes: Uint8Array): boolean {
    if (this.#held.has(sector)) return false
    this.#store(sector, { write: 0, bytes })
    this.cached.set(bytes, sector * SECTOR_BYTES)
    return true
  }

  /** The medium has rotted, and everybody sees it. */
  flipBit(position: number, bit: number): void {
    for (const bytes of [this.cached, this.#stable]) bytes[position] = (bytes[position] ?? 0) ^ (1 << bit)
  }

  #settleSectors(sectors: Iterable<number>, upToWrite: number): void {
    for (const sector of [...sectors]) {
      const versions = this.#unsynced.get(sector) ?? []
      this.#store(
        sector,
        versions.findLast((version) => version.write <= upToWrite),
      )
      const later = versions.filter((version) => version.write > upToWrite)
      if (later.length > 0) this.#unsynced.set(sector, later)
      else this.#unsynced.delete(sector)
    }
  }

  #store(sector: number, version: Version | undefined): void {
    if (version === undefined) return
    this.#held.add(sector)
    this.#stable.set(version.bytes, sector * SECTOR_BYTES)
  }
}

interface Version {
  /** The write that made it, by its number. */
  readonly write: number
  readonly bytes: Uint8Array
}

/** One of the versions, or the stable bytes below them. */
function pick(versions: readonly Version[], random: Random): Version | undefined {
  return versions[versions.length - 1 - randomBelow(random, versions.length + 1)]
}

function sectorsOf(position: number, lengthBytes: number): readonly number[] {
  const first = Math.floor(position / SECTOR_BYTES)
  const end = Math.ceil((position + lengthBytes) / SECTOR_BYTES)
  return Array.from({ length: lengthBytes === 0 ? 0 : end - first }, (_, index) => first + index)
}
