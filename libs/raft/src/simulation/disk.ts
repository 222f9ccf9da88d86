import { limitEntries } from '../core/entry.js'
import { violated } from '../core/invariant.js'
import { type InitialState, type LogReader } from '../core/log-reader.js'
import { type StorageAppend } from '../core/ready.js'
import { type Entry, type HardState, type LogIndex, type Snapshot, type Term } from '../core/types.js'
import { type RandomStream } from './random.js'
import { type Sabotage } from './sabotage.js'

/**
 * The log of a simulated node. Writes wait in a queue and are performed one by one; a crash performs some of those that
 * wait, without anybody hearing of it, and loses the rest.
 */
export class SimulatedDisk implements LogReader {
  readonly queue: StorageAppend[] = []
  readonly #sabotage: Sabotage | undefined
  #hardState: HardState | null = null
  /** The hard state as of the last write that had to be durable: a crash may fall back to it. */
  #syncedHardState: HardState | null = null
  #snapshot: Snapshot
  #baseIndex: LogIndex
  #baseTerm: Term
  #entries: Entry[] = []
  /** What the application answers when the core wants a snapshot to send. */
  snapshotToSend: () => Snapshot | undefined = () => this.#snapshot

  constructor(start: Snapshot, sabotage: Sabotage | undefined) {
    this.#snapshot = start
    this.#baseIndex = start.index
    this.#baseTerm = start.term
    this.#sabotage = sabotage
  }

  get storedSnapshot(): Snapshot {
    return this.#snapshot
  }

  get hardState(): HardState | null {
    return this.#hardState
  }

  initialState(): InitialState {
    return { hardState: this.#hardState, confState: this.#snapshot.confState }
  }

  firstIndex(): LogIndex {
    return this.#baseIndex + 1
  }

  lastIndex(): LogIndex {
    return this.#baseIndex + this.#entries.length
  }

  term(index: LogIndex): Term | undefined {
    return index === this.#baseIndex ? this.#baseTerm : this.#entries[index - this.#baseIndex - 1]?.term
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (low <= this.#baseIndex) return undefined
    return limitEntries(this.#entries.slice(low - this.#baseIndex - 1, high - this.#baseIndex - 1), bytesMax)
  }

  snapshot(): Snapshot | undefined {
    return this.snapshotToSend()
  }

  /** Performs the oldest write (or, sabotaged, another one). */
  performNext(): StorageAppend | undefined {
    const overtakes = this.#sabotage === 'writes-overtake-each-other' && this.queue.length > 1
    const write = overtakes ? this.queue.splice(1, 1)[0] : this.queue.shift()
    if (write !== undefined) this.#perform(write)
    return write
  }

  /** The state machine wrote a snapshot of what it applied, and the log before it goes. */
  storeSnapshot(snapshot: Snapshot): void {
    if (snapshot.index <= this.#snapshot.index) return
    this.#snapshot = snapshot
    const dropped = Math.min(snapshot.index, this.lastIndex()) - this.#baseIndex
    if (dropped <= 0) return
    this.#baseTerm = this.#entries[dropped - 1]?.term ?? violated('a snapshot is beyond the log')
    this.#baseIndex += dropped
    this.#entries.splice(0, dropped)
  }

  /** Some of the writes that wait arrive, in their order; what need not be durable may be lost even if it was performed. */
  crash(random: RandomStream): void {
    let kept = random.integer(this.queue.length + 1)
    if (this.#sabotage === 'synced-writes-are-lost' && random.chance(50)) {
      this.#entries.length = Math.max(0, this.#entries.length - 1)
      kept = 0
    }
    for (; kept > 0; kept--) this.performNext()
    this.queue.length = 0
    if (random.chance(50)) this.#hardState = this.#syncedHardState
  }

  #perform({ snapshot, entries, hardState, mustSync }: StorageAppend): void {
    if (snapshot !== null) this.#restore(snapshot)
    if (snapshot === null || this.#sabotage !== 'entries-beside-a-snapshot-are-lost') this.#append(entries)
    if (hardState !== null) this.#hardState = this.#stored(hardState)
    if (mustSync) this.#syncedHardState = this.#hardState
  }

  #stored(hardState: HardState): HardState {
    const known = this.#hardState
    if (this.#sabotage === 'votes-are-not-stored') return { ...hardState, vote: 0 }
    if (this.#sabotage === 'terms-are-not-stored')
      return { ...hardState, term: known?.term ?? 0, vote: known?.vote ?? 0 }
    if (this.#sabotage === 'old-hard-state-survives' && known !== null) return { ...known, commit: hardState.commit }
    return hardState
  }

  #restore(snapshot: Snapshot): void {
    if (snapshot.index <= this.#snapshot.index) return
    this.#snapshot = snapshot
    this.#baseIndex = snapshot.index
    this.#baseTerm = snapshot.term
    this.#entries = []
  }

  #append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const at = entry.index - this.#baseIndex - 1
      if (at < 0) continue
      if (at > this.#entries.length) violated(`entry ${entry.index} leaves a hole after ${this.lastIndex()}`)
      this.#entries[at] = entry
    }
    const last = entries[entries.length - 1]
    if (last === undefined || this.#sabotage === 'replaced-tail-stays') return
    this.#entries.length = Math.max(0, last.index - this.#baseIndex)
  }
}
