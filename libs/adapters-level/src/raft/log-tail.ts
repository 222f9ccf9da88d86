import { entryBytes, type Entry } from '@walrus/raft'

interface TermRun {
  /** Index of the first entry of the run. */
  readonly from: number
  readonly term: number
}

interface CachedEntry {
  readonly entry: Entry
  readonly checksum: number
}

/** An entry's place and checksum. */
export interface Mark {
  readonly index: number
  readonly term: number
  readonly checksum: number
}

/**
 * What is kept of the log in memory: the term of every entry, as runs of equal terms, and the last entries whole. So terms
 * and what followers usually need never cost a read.
 */
export class LogTail {
  readonly #cacheBytesMax: number
  #base: Mark
  #lastIndex: number
  /** Ascending; together they cover base + 1 to last. */
  #runs: TermRun[] = []
  /** The last entries without a gap. */
  #cached: CachedEntry[] = []
  #cachedBytes = 0

  constructor(base: Mark, cacheBytesMax: number) {
    this.#base = base
    this.#lastIndex = base.index
    this.#cacheBytesMax = cacheBytesMax
  }

  get base(): Mark {
    return this.#base
  }

  get lastIndex(): number {
    return this.#lastIndex
  }

  /** Index of the first entry that is held whole. */
  get cachedFrom(): number {
    return this.#lastIndex - this.#cached.length + 1
  }

  /** Undefined outside of base to last. */
  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term
    if (index < this.#base.index || index > this.#lastIndex) return undefined
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#runs[middle]?.from ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return this.#runs[low]?.term
  }

  /** Undefined when it is not held. */
  entry(index: number): Entry | undefined {
    return this.#cached[index - this.cachedFrom]?.entry
  }

  /** Undefined when it is not held. */
  checksum(index: number): number | undefined {
    return index === this.#base.index ? this.#base.checksum : this.#cached[index - this.cachedFrom]?.checksum
  }

  append(entry: Entry, checksum: number): void {
    this.#lastIndex = entry.index
    if (this.#runs.at(-1)?.term !== entry.term) this.#runs.push({ from: entry.index, term: entry.term })
    this.#cached.push({ entry, checksum })
    this.#cachedBytes += entryBytes(entry)
    if (this.#cachedBytes > this.#cacheBytesMax) this.#shrink()
  }

  /** Drops the entries from `index` on. */
  truncate(index: number): void {
    if (index > this.#lastIndex) return
    const kept = Math.max(0, index - this.cachedFrom)
    for (const { entry } of this.#cached.splice(kept)) this.#cachedBytes -= entryBytes(entry)
    this.#lastIndex = index - 1
    while ((this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop()
  }

  /** The log begins after `base` now, which is one of its entries. */
  compact(base: Mark): void {
    const dropped = Math.max(0, base.index - this.cachedFrom + 1)
    for (const { entry } of this.#cached.splice(0, dropped)) this.#cachedBytes -= entryBytes(entry)
    this.#base = base
    const first = this.#runs.findLastIndex(({ from }) => from <= base.index + 1)
    this.#runs.splice(0, Math.max(0, first))
    if (this.#lastIndex === base.index) this.#runs = []
  }

  /** Drops half of what is held, so that dropping costs little per entry. */
  #shrink(): void {
    let dropped = 0
    while (this.#cachedBytes > this.#cacheBytesMax / 2 && dropped < this.#cached.length - 1) {
      const oldest = this.#cached[dropped++]
      if (oldest !== undefined) this.#cachedBytes -= entryBytes(oldest.entry)
    }
    this.#cached.splice(0, dropped)
  }
}
