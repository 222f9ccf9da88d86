import { entryAt, lastEntry, limitEntries } from './entry.js'
import { violated } from './invariant.js'
import { type InitialState, type LogReader } from './log-reader.js'
import { type StorageAppend } from './ready.js'
import {
  emptyBytes,
  emptyConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type Snapshot,
  type Term,
} from './types.js'

/** The log in memory: the smallest thing that keeps the promises of `LogReader`, for tests, scenarios and simulations. */
export class MemoryLog implements LogReader {
  #hardState: HardState | null = null
  #snapshot: Snapshot = { index: 0, term: 0, confState: emptyConfState, data: emptyBytes }
  /** The entry before the first one: where the log was cut. */
  #base: { readonly index: LogIndex; readonly term: Term } = { index: 0, term: 0 }
  /** Invariant: `#entries[at].index === #base.index + 1 + at`. */
  #entries: Entry[] = []

  initialState(): InitialState {
    return { hardState: this.#hardState, confState: this.#snapshot.confState }
  }

  firstIndex(): LogIndex {
    return this.#base.index + 1
  }

  lastIndex(): LogIndex {
    return this.#base.index + this.#entries.length
  }

  term(index: LogIndex): Term | undefined {
    return index === this.#base.index ? this.#base.term : this.#entries[index - this.#base.index - 1]?.term
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (low <= this.#base.index) return undefined
    if (high > this.lastIndex() + 1) violated(`entries ${low} to ${high} are beyond ${this.lastIndex()}`)
    const from = this.#base.index + 1
    return limitEntries(this.#entries.slice(low - from, high - from), bytesMax)
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  /** Performs one write whole. A commit index that is older than what is stored, or than the snapshot, does not regress. */
  write({ snapshot, entries, hardState }: Pick<StorageAppend, 'snapshot' | 'entries' | 'hardState'>): void {
    if (snapshot !== null) this.#restore(snapshot)
    this.#append(entries)
    if (hardState === null) return
    const commit = Math.max(
      hardState.commit,
      this.#hardState?.commit ?? 0,
      Math.min(this.#base.index, this.lastIndex()),
    )
    this.#hardState = { ...hardState, commit }
  }

  /** Keeps `snapshot` for those who lag; the log stays as it is. */
  keepSnapshot(snapshot: Snapshot): void {
    if (snapshot.index > this.#snapshot.index) this.#snapshot = snapshot
  }

  /** Drops the entries up to `index`, which must be in the log. False: they are gone already. */
  compact(index: LogIndex): boolean {
    if (index <= this.#base.index) return false
    if (index > this.lastIndex()) violated(`cannot compact to ${index}: the log ends at ${this.lastIndex()}`)
    const last = entryAt(this.#entries, index - this.#base.index - 1)
    this.#entries = this.#entries.slice(index - this.#base.index)
    this.#base = { index, term: last.term }
    return true
  }

  #restore(snapshot: Snapshot): void {
    if (snapshot.index <= this.#snapshot.index && this.#snapshot.index !== 0) return
    this.#snapshot = snapshot
    this.#base = { index: snapshot.index, term: snapshot.term }
    this.#entries = []
  }

  #append(entries: readonly Entry[]): void {
    if (entries.length === 0 || lastEntry(entries).index < this.firstIndex()) return
    const skipped = Math.max(0, this.firstIndex() - entryAt(entries, 0).index)
    const added = skipped > 0 ? entries.slice(skipped) : entries
    const from = entryAt(added, 0).index
    if (from > this.lastIndex() + 1) violated(`entry ${from} would leave a hole after ${this.lastIndex()}`)
    this.#entries.length = from - this.firstIndex()
    for (const entry of added) this.#entries.push(entry)
  }
}
