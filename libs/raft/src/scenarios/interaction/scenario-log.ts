import { type InitialState, type LogReader } from '../../core/log-reader.js'
import { MemoryLog } from '../../core/memory-log.js'
import { type StorageAppend } from '../../core/ready.js'
import { type ConfState, type Entry, type LogIndex, type Snapshot, type Term } from '../../core/types.js'

/** A log in memory whose snapshot is always the newest state of the state machine. */
export class ScenarioLog implements LogReader {
  readonly #memory = new MemoryLog()
  #initialConfState: ConfState | undefined
  /** The state after the start and after each applied entry. Invariant: never empty. */
  readonly history: Snapshot[]

  constructor(start: Snapshot) {
    this.history = [start]
    if (start.index > 0) this.#memory.write({ snapshot: start, entries: [], hardState: null })
  }

  initialState(): InitialState {
    const { hardState, confState } = this.#memory.initialState()
    return { hardState, confState: this.#initialConfState ?? confState }
  }

  firstIndex(): LogIndex {
    return this.#memory.firstIndex()
  }

  lastIndex(): LogIndex {
    return this.#memory.lastIndex()
  }

  term(index: LogIndex): Term | undefined {
    return this.#memory.term(index)
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    return this.#memory.entries(low, high, bytesMax)
  }

  snapshot(): Snapshot {
    return this.newestState()
  }

  newestState(): Snapshot {
    return this.history[this.history.length - 1] as Snapshot
  }

  write(work: Pick<StorageAppend, 'snapshot' | 'entries' | 'hardState'>): void {
    this.#memory.write(work)
  }

  /** After a restart: the membership is that of the state machine, whose state survived. */
  startOver(): void {
    this.#initialConfState = this.newestState().confState
  }

  compact(index: LogIndex): boolean {
    return this.#memory.compact(index)
  }
}
