import { entryAt } from './entry.js'
import { violated } from './invariant.js'
import { type Entry, type EntryId, type LogIndex, type Snapshot, type Term } from './types.js'

/** What became of the news that entries are stable; only `advanced` let go of entries. */
export type StableResult =
  | { readonly kind: 'advanced' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'matches-snapshot' }
  | { readonly kind: 'mismatched'; readonly term: Term }

/**
 * The tail of the log, and perhaps a snapshot before it, that storage does not certainly hold yet.
 *
 * `offset` may be at or below the last index of the storage: then the next write replaces the end of what is there.
 */
export class UnstableLog {
  #snapshot: Snapshot | undefined
  #snapshotInProgress = false
  /** Invariant: `#entries[at].index === #offset + at`. */
  #entries: Entry[] = []
  #offset: LogIndex
  /** Entries below it were handed out to be written. Invariant: `#offset <= #offsetInProgress`. */
  #offsetInProgress: LogIndex

  constructor(offset: LogIndex) {
    this.#offset = offset
    this.#offsetInProgress = offset
  }

  get offset(): LogIndex {
    return this.#offset
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** The first index that the log can have because of the snapshot; undefined without one. */
  firstIndex(): LogIndex | undefined {
    return this.#snapshot === undefined ? undefined : this.#snapshot.index + 1
  }

  /** Undefined when there is neither an entry nor a snapshot. */
  lastIndex(): LogIndex | undefined {
    if (this.#entries.length > 0) return this.#offset + this.#entries.length - 1
    return this.#snapshot?.index
  }

  term(index: LogIndex): Term | undefined {
    if (index >= this.#offset) return this.#entries[index - this.#offset]?.term
    return this.#snapshot?.index === index ? this.#snapshot.term : undefined
  }

  get hasNextEntries(): boolean {
    return this.#offsetInProgress < this.#offset + this.#entries.length
  }

  /** Entries that were not handed out to be written yet. */
  nextEntries(): readonly Entry[] {
    return this.#entries.slice(this.#offsetInProgress - this.#offset)
  }

  /** The snapshot, if it was not handed out to be written yet. */
  nextSnapshot(): Snapshot | undefined {
    return this.#snapshotInProgress ? undefined : this.#snapshot
  }

  /** Everything that is here now was handed out to be written. */
  acceptInProgress(): void {
    if (this.#entries.length > 0) this.#offsetInProgress = this.#offset + this.#entries.length
    if (this.#snapshot !== undefined) this.#snapshotInProgress = true
  }

  /**
   * Storage holds everything up to `id`, and no write under way will replace it: the caller vouches for the latter by
   * dropping answers of older terms.
   */
  stableTo(id: EntryId): StableResult {
    const term = this.term(id.index)
    if (term === undefined) return { kind: 'missing' }
    if (id.index < this.#offset) return { kind: 'matches-snapshot' }
    if (term !== id.term) return { kind: 'mismatched', term }
    this.#entries = this.#entries.slice(id.index + 1 - this.#offset)
    this.#offset = id.index + 1
    this.#offsetInProgress = Math.max(this.#offsetInProgress, this.#offset)
    return { kind: 'advanced' }
  }

  /** Storage holds the snapshot at `index`; one that came meanwhile stays. */
  stableSnapshotTo(index: LogIndex): void {
    if (this.#snapshot?.index !== index) return
    this.#snapshot = undefined
    this.#snapshotInProgress = false
  }

  /** Everything before was replaced by `snapshot`. */
  restore(snapshot: Snapshot): void {
    this.#offset = snapshot.index + 1
    this.#offsetInProgress = this.#offset
    this.#entries = []
    this.#snapshot = snapshot
    this.#snapshotInProgress = false
  }

  /** Appends `entries` (at least one), in place of whatever stood at their indexes and after. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const from = entryAt(entries, 0).index
    const end = this.#offset + this.#entries.length
    if (from > end) violated(`cannot append entry ${from} to an unstable log that ends before ${end}`)
    if (from <= this.#offset) {
      this.#entries = entries.slice()
      this.#offset = from
      this.#offsetInProgress = from
      return
    }
    if (from < end) this.#entries.length = from - this.#offset
    for (const entry of entries) this.#entries.push(entry)
    this.#offsetInProgress = Math.min(this.#offsetInProgress, from)
  }

  /** The entries from `low` to before `high`, which must be here. */
  slice(low: LogIndex, high: LogIndex): readonly Entry[] {
    const end = this.#offset + this.#entries.length
    if (low > high || low < this.#offset || high > end) {
      violated(`unstable entries ${low} to ${high} are outside of ${this.#offset} to ${end}`)
    }
    return this.#entries.slice(low - this.#offset, high - this.#offset)
  }
}
