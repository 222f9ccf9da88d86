import { entriesBytes } from './entry.js'
import { violated } from './invariant.js'
import { type RaftLog } from './raft-log.js'
import { type Entry, type LogIndex } from './types.js'

/**
 * Which committed entries were handed out to be applied, and how many bytes of them may be outstanding.
 *
 * Invariant: `applied <= applying <= log.committed`.
 */
export class ApplyWindow {
  readonly #log: RaftLog
  readonly #bytesMax: number
  #applying: LogIndex
  #applied: LogIndex
  #bytes = 0
  #paused = false

  constructor(log: RaftLog, bytesMax: number) {
    this.#log = log
    this.#bytesMax = bytesMax
    this.#applying = log.committed
    this.#applied = log.committed
  }

  get applied(): LogIndex {
    return this.#applied
  }

  /**
   * Whether `next` would give anything. `allowUnstable`: entries that storage does not hold yet may be applied, because
   * the caller stores them first.
   */
  hasNext(allowUnstable: boolean): boolean {
    if (this.#paused || this.#log.hasPendingSnapshot) return false
    return this.#applying < this.#appliableIndex(allowUnstable)
  }

  next(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNext(allowUnstable)) return []
    const high = this.#appliableIndex(allowUnstable) + 1
    const entries = this.#log.slice(this.#applying + 1, high, this.#bytesMax - this.#bytes)
    return entries ?? violated(`entry ${this.#applying + 1} was compacted before it was applied`)
  }

  /** `entries`, which `next` gave, were handed out. */
  accept(entries: readonly Entry[], allowUnstable: boolean): void {
    if (entries.length === 0) return
    this.#applying += entries.length
    this.#bytes += entriesBytes(entries)
    // Fewer entries than there are: the limit cut them off, so the next one waits for an answer.
    this.#paused = this.#bytes >= this.#bytesMax || this.#applying < this.#appliableIndex(allowUnstable)
  }

  /** The state machine contains everything up to `index`; `bytes` of outstanding entries are done. */
  appliedTo(index: LogIndex, bytes: number): void {
    if (index > this.#log.committed || index < this.#applied) {
      violated(`applied ${index} is outside of ${this.#applied} to ${this.#log.committed}`)
    }
    this.#applied = index
    this.#applying = Math.max(this.#applying, index)
    this.#bytes = Math.max(0, this.#bytes - bytes)
    this.#paused = this.#bytes >= this.#bytesMax
  }

  #appliableIndex(allowUnstable: boolean): LogIndex {
    return allowUnstable ? this.#log.committed : Math.min(this.#log.committed, this.#log.stableIndex)
  }
}
