import { type InitialState } from './core/log-reader.js'
import { MemoryLog } from './core/memory-log.js'
import { type Entry, type EntryId, type LogIndex, type Snapshot, type Term } from './core/types.js'
import { type LogStore, type LogWrite } from './ports/log-store.js'

/** The readable definition of the `LogStore` port: it keeps everything as long as somebody holds the `disk`. */
export class MemoryLogStore implements LogStore {
  readonly #disk: MemoryLog
  #closed = false

  /** A store that is opened on the same disk later finds what this one wrote. */
  constructor(disk: MemoryLog = new MemoryLog()) {
    this.#disk = disk
  }

  initialState(): InitialState {
    const { hardState, confState } = this.#disk.initialState()
    const commit = Math.max(hardState?.commit ?? 0, this.snapshotId().index)
    return { hardState: hardState && { ...hardState, commit }, confState }
  }

  firstIndex(): LogIndex {
    return this.#disk.firstIndex()
  }

  lastIndex(): LogIndex {
    return this.#disk.lastIndex()
  }

  term(index: LogIndex): Term | undefined {
    return this.#disk.term(index)
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    return this.#disk.entries(low, high, bytesMax)
  }

  snapshotId(): EntryId {
    const { index = 0, term = 0 } = this.#disk.snapshot() ?? {}
    return { index, term }
  }

  async loadSnapshot(): Promise<Snapshot | null> {
    return this.snapshotId().index === 0 ? null : (this.#disk.snapshot() ?? null)
  }

  async write(write: LogWrite): Promise<void> {
    this.#assertOpen()
    this.#disk.write(write)
  }

  async saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): Promise<void> {
    this.#assertOpen()
    if (snapshot.index <= this.snapshotId().index) return
    this.#disk.keepSnapshot(snapshot)
    if (compactIndex > 0) this.#disk.compact(compactIndex)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('Cannot write the log: it is closed')
  }
}
