import { entriesBytes, limitEntries } from './entry.js'
import { violated } from './invariant.js'
import { type LogReader } from './log-reader.js'
import { type Entry, type EntryId, type LogIndex, type Snapshot, type Term } from './types.js'
import { UnstableLog, type StableResult } from './unstable-log.js'

/** The whole log of a node: what storage holds, and after it the tail that is still being written. */
export class RaftLog {
  readonly #storage: LogReader
  readonly #unstable: UnstableLog
  #committed: LogIndex

  constructor(storage: LogReader) {
    this.#storage = storage
    this.#unstable = new UnstableLog(storage.lastIndex() + 1)
    this.#committed = storage.firstIndex() - 1
  }

  /** The highest index known to be on a quorum. Invariant: never decreases, never exceeds `lastIndex`. */
  get committed(): LogIndex {
    return this.#committed
  }

  /** The highest index that storage certainly holds. */
  get stableIndex(): LogIndex {
    return this.#unstable.offset - 1
  }

  firstIndex(): LogIndex {
    return this.#unstable.firstIndex() ?? this.#storage.firstIndex()
  }

  lastIndex(): LogIndex {
    return this.#unstable.lastIndex() ?? this.#storage.lastIndex()
  }

  /** Undefined: compacted, or not there yet. The entry before the first one still has a term. */
  term(index: LogIndex): Term | undefined {
    const unstable = this.#unstable.term(index)
    if (unstable !== undefined) return unstable
    if (index + 1 < this.firstIndex() || index > this.lastIndex()) return undefined
    return this.#storage.term(index)
  }

  lastId(): EntryId {
    const index = this.lastIndex()
    return { index, term: this.term(index) ?? violated(`the last entry, ${index}, has no term`) }
  }

  matches(id: EntryId): boolean {
    return this.term(id.index) === id.term
  }

  /** Whether a log that ends with `theirs` holds everything committed that this one may know of (thesis, section 3.6.1). */
  isUpToDate(theirs: EntryId): boolean {
    const ours = this.lastId()
    return theirs.term > ours.term || (theirs.term === ours.term && theirs.index >= ours.index)
  }

  /** As many entries from `low` on as fit in `bytesMax`, at least one if there is one. Undefined: `low` was compacted. */
  entriesFrom(low: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    const high = this.lastIndex() + 1
    return low >= high ? [] : this.slice(low, high, bytesMax)
  }

  /** Entries from `low` to before `high`, which must exist, cut like `entriesFrom`. Undefined: `low` was compacted. */
  slice(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (low > high || high > this.lastIndex() + 1) violated(`entries ${low} to ${high} are not in the log`)
    if (low < this.firstIndex()) return undefined
    if (low === high) return []
    const offset = this.#unstable.offset
    if (low >= offset) return limitEntries(this.#unstable.slice(low, high), bytesMax)
    const stableHigh = Math.min(high, offset)
    const stable = this.#storage.entries(low, stableHigh, bytesMax)
    if (stable === undefined) return undefined
    if (high <= offset || stable.length < stableHigh - low) return stable
    return stable.concat(this.#unstableWithin(offset, high, bytesMax - entriesBytes(stable)))
  }

  /** What still fits: unlike `limitEntries`, that may be nothing. */
  #unstableWithin(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] {
    const entries = limitEntries(this.#unstable.slice(low, high), bytesMax)
    return entriesBytes(entries) > bytesMax ? [] : entries
  }

  /** Appends entries of the own term, or of a leader after `appendFrom` found where they begin to differ. */
  append(entries: readonly Entry[]): LogIndex {
    const first = entries[0]
    if (first === undefined) return this.lastIndex()
    if (first.index <= this.#committed) violated(`entry ${first.index} would replace a committed one`)
    this.#unstable.truncateAndAppend(entries)
    return this.lastIndex()
  }

  /**
   * Takes in what a leader sent to stand after `previous`. Only what differs is replaced: entries that match stay, they may
   * be committed already. Commits no further than what was sent, because a longer tail here may be of another leader.
   * Undefined: `previous` is not in this log.
   */
  appendFrom(previous: EntryId, entries: readonly Entry[], leaderCommit: LogIndex): LogIndex | undefined {
    if (!this.matches(previous)) return undefined
    const lastNew = previous.index + entries.length
    const firstNew = entries.findIndex((entry) => !this.matches(entry))
    if (firstNew >= 0) this.append(entries.slice(firstNew))
    this.commitTo(Math.min(leaderCommit, lastNew))
    return lastNew
  }

  /**
   * The highest place at or below `from.index` at which this log may agree with another one that has `from.term` there:
   * further up the terms here are larger, so the logs differ. Term 0: unknown, because it was compacted.
   * One round trip then skips a whole term instead of one entry.
   */
  findConflictByTerm(from: EntryId): EntryId {
    for (let index = from.index; index > 0; index--) {
      const term = this.term(index)
      if (term === undefined) return { index, term: 0 }
      if (term <= from.term) return { index, term }
    }
    return { index: 0, term: 0 }
  }

  commitTo(index: LogIndex): void {
    if (index <= this.#committed) return
    if (index > this.lastIndex()) {
      violated(`commit ${index} is beyond the last entry ${this.lastIndex()}: was the log lost or cut?`)
    }
    this.#committed = index
  }

  /** Commits `id` if it is the entry in this log. False: nothing new. */
  commitIfMatches(id: EntryId): boolean {
    if (id.index <= this.#committed || !this.matches(id)) return false
    this.commitTo(id.index)
    return true
  }

  restore(snapshot: Snapshot): void {
    this.#committed = snapshot.index
    this.#unstable.restore(snapshot)
  }

  /** The newest snapshot to send; undefined when storage has none at hand. */
  snapshot(): Snapshot | undefined {
    return this.#unstable.snapshot ?? this.#storage.snapshot()
  }

  /** Whether a restored snapshot is not certainly stored. Until then nothing is applied and nobody campaigns. */
  get hasPendingSnapshot(): boolean {
    return this.#unstable.snapshot !== undefined
  }

  nextSnapshot(): Snapshot | undefined {
    return this.#unstable.nextSnapshot()
  }

  nextUnstableEntries(): readonly Entry[] {
    return this.#unstable.nextEntries()
  }

  get hasNextUnstableEntries(): boolean {
    return this.#unstable.hasNextEntries
  }

  get hasUnstableEntries(): boolean {
    return !this.#unstable.isEmpty
  }

  acceptUnstable(): void {
    this.#unstable.acceptInProgress()
  }

  stableTo(id: EntryId): StableResult {
    return this.#unstable.stableTo(id)
  }

  stableSnapshotTo(index: LogIndex): void {
    this.#unstable.stableSnapshotTo(index)
  }
}
