import {
  EMPTY_TOPIC_STATE,
  formatSegmentKey,
  WalrusError,
  type CommitTicket,
  type LogStorage,
  type NewSegment,
  type ReadLimits,
  type SegmentKey,
  type SegmentLog,
  type StoredEntry,
  type TopicState,
} from '@walrus/core'

/** What outlives a `MemoryLogStorage`: what was committed. Opening over the same one is a restart. */
export type MemoryLogDisk = Map<string, MemorySegment>

/** One committed segment. A test may edit it between two openings to play damage. */
export interface MemorySegment extends NewSegment {
  readonly entries: StoredEntry[]
  topicState: TopicState
  sealed: boolean
}

/** How a `MemoryLogStorage` behaves. */
export interface MemoryLogStorageOptions {
  /** Awaited before each commit takes effect; a rejection fails the commit. The next turn of the event loop unless told. */
  readonly commit?: () => Promise<void>
  /** Awaited before each read; a rejection fails the read. */
  readonly read?: (key: SegmentKey, fromIndex: number) => Promise<void>
  /** Timestamps; 0 unless told. */
  readonly wallMs?: () => number
}

/** The readable definition of the `LogStorage` port: group commit over all segments, without disks. */
export class MemoryLogStorage implements LogStorage {
  readonly disk: MemoryLogDisk
  readonly options: MemoryLogStorageOptions
  readonly #logs = new Map<string, MemorySegmentLog>()
  #open = new Set<MemorySegmentLog>()
  #committing: Promise<void> | undefined
  #crashed = false
  closed = false

  constructor(disk: MemoryLogDisk = new Map(), options: MemoryLogStorageOptions = {}) {
    this.disk = disk
    this.options = options
    for (const [name, stored] of disk) this.#logs.set(name, new MemorySegmentLog(this, stored))
  }

  segments(): Iterable<SegmentLog> {
    return this.#logs.values()
  }

  segment(key: SegmentKey): SegmentLog | undefined {
    return this.#logs.get(formatSegmentKey(key))
  }

  create(segment: NewSegment): SegmentLog {
    const name = formatSegmentKey(segment)
    if (this.#logs.has(name)) throw new WalrusError('INVALID_ARGUMENT', `Cannot create segment "${name}": it exists`)
    const log = new MemorySegmentLog(this, { ...segment, entries: [], sealed: false })
    this.#logs.set(name, log)
    return log
  }

  async remove(key: SegmentKey): Promise<void> {
    this.#logs.delete(formatSegmentKey(key))
    this.disk.delete(formatSegmentKey(key))
  }

  async close(): Promise<void> {
    this.closed = true
    await this.settled()
  }

  /** The process dies here: nothing that is not committed ever takes effect. */
  crash(): void {
    this.#crashed = true
  }

  /** Resolves when nothing is in flight; never after a crash. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
    if (this.#crashed) await new Promise(() => undefined)
  }

  /** A batch of this log waits for the next commit. */
  enlist(log: MemorySegmentLog): void {
    this.#open.add(log)
    this.#committing ??= this.#commitAll()
  }

  async #commitAll(): Promise<void> {
    await Promise.resolve()
    while (this.#open.size > 0 && !this.#crashed) await this.#commitOnce()
    this.#committing = undefined
  }

  async #commitOnce(): Promise<void> {
    const logs = [...this.#open]
    this.#open = new Set()
    const batches = logs.map((log) => log.takeBatch())
    try {
      await (this.options.commit ?? nextTurn)()
    } catch (error) {
      for (const log of logs) log.fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#crashed) return
    for (const [at, log] of logs.entries()) log.commit(batches[at])
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

class MemorySegmentLog implements SegmentLog {
  readonly #storage: MemoryLogStorage
  readonly #stored: MemorySegment
  #sealed: boolean
  #openBatch: MemoryBatch | undefined
  #inFlight: MemoryBatch | undefined
  readonly #commitListeners = new Set<() => void>()

  constructor(storage: MemoryLogStorage, stored: MemorySegment) {
    this.#storage = storage
    this.#stored = stored
    this.#sealed = stored.sealed
  }

  get topic(): string {
    return this.#stored.topic
  }
  get segment(): number {
    return this.#stored.segment
  }
  get baseOffset(): number {
    return this.#stored.baseOffset
  }
  get epoch(): number {
    return this.#stored.epoch
  }
  /** Memory does not rot. */
  readonly damagedFrom = undefined

  get sealed(): boolean {
    return this.#sealed
  }
  get entryCount(): number {
    return this.#stored.entries.length
  }
  get appendedCount(): number {
    return this.entryCount + (this.#inFlight?.entries.length ?? 0) + (this.#openBatch?.entries.length ?? 0)
  }
  get sizeBytes(): number {
    return this.#stored.entries.reduce((sum, entry) => sum + entry.data.length, 0)
  }
  get createdMs(): number {
    return (this.#stored.entries[0] ?? this.#inFlight?.entries[0] ?? this.#openBatch?.entries[0])?.timestampMs ?? 0
  }
  get lastAppendMs(): number {
    return this.#stored.entries.at(-1)?.timestampMs ?? this.createdMs
  }
  get topicState(): TopicState {
    return this.#stored.topicState
  }

  append(entry: Uint8Array): CommitTicket {
    return this.appendBatch([entry])
  }

  appendBatch(entries: readonly Uint8Array[]): CommitTicket {
    this.#assertAppendable()
    const batch = this.#batch()
    const timestampMs = this.#storage.options.wallMs?.() ?? 0
    for (const data of entries)
      batch.entries.push({ offset: batch.lastOffset + 1, timestampMs, data: new Uint8Array(data) })
    return batch
  }

  commitCursor(name: string, offset: number): CommitTicket {
    this.#assertAppendable()
    const batch = this.#batch()
    batch.cursors.set(name, offset)
    return batch
  }

  async read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    await this.#storage.options.read?.(this, fromIndex)
    const found: StoredEntry[] = []
    let bytes = 0
    for (const entry of this.#stored.entries.slice(fromIndex, fromIndex + limits.maxEntries)) {
      bytes += entry.data.length
      if (found.length > 0 && bytes > limits.maxBytes) break
      found.push(entry)
    }
    return found
  }

  async indexAtTime(timestampMs: number): Promise<number> {
    const index = this.#stored.entries.findIndex((entry) => entry.timestampMs >= timestampMs)
    return index < 0 ? this.entryCount : index
  }

  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener)
    return () => void this.#commitListeners.delete(listener)
  }

  async drain(): Promise<void> {
    while (this.#openBatch !== undefined || this.#inFlight !== undefined) await this.#storage.settled()
  }

  async seal(): Promise<void> {
    this.#sealed = true
    await this.drain()
    if (this.#stored.sealed) return
    const batch = this.#batch()
    batch.seals = true
    await batch.done()
  }

  /** Moves the open batch into the commit that begins. */
  takeBatch(): MemoryBatch | undefined {
    this.#inFlight = this.#openBatch
    this.#openBatch = undefined
    return this.#inFlight
  }

  commit(batch: MemoryBatch | undefined): void {
    if (batch === undefined) return
    this.#stored.entries.push(...batch.entries)
    this.#stored.topicState = withCursors(this.#stored.topicState, batch.cursors)
    this.#stored.sealed ||= batch.seals
    this.#storage.disk.set(formatSegmentKey(this), this.#stored)
    this.#inFlight = undefined
    batch.settle(undefined)
    if (batch.entries.length > 0) for (const listener of [...this.#commitListeners]) listener()
  }

  /** Fails what was in flight and, because offsets have no holes, what was appended since. */
  fail(error: Error): void {
    const failed = [this.#inFlight, this.#openBatch]
    this.#inFlight = this.#openBatch = undefined
    for (const batch of failed) batch?.settle(error)
  }

  #batch(): MemoryBatch {
    this.#openBatch ??= new MemoryBatch(this.baseOffset + this.appendedCount)
    this.#storage.enlist(this)
    return this.#openBatch
  }

  #assertAppendable(): void {
    const name = formatSegmentKey(this)
    if (this.#storage.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot append to "${name}": storage is closed`)
    if (this.#sealed) throw new WalrusError('SEGMENT_SEALED', `Cannot append to "${name}": the segment is sealed`)
  }
}

function withCursors(state: TopicState, cursors: ReadonlyMap<string, number>): TopicState {
  if (cursors.size === 0) return state
  return { ...EMPTY_TOPIC_STATE, ...state, cursors: new Map([...state.cursors, ...cursors]) }
}

class MemoryBatch implements CommitTicket {
  readonly entries: StoredEntry[] = []
  readonly cursors = new Map<string, number>()
  seals = false
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #listeners: ((ticket: CommitTicket) => void)[] = []

  constructor(readonly firstOffset: number) {}

  get lastOffset(): number {
    return this.firstOffset + this.entries.length - 1
  }

  onSettled(listener: (ticket: CommitTicket) => void): void {
    if (this.state === 'pending') this.#listeners.push(listener)
    else listener(this)
  }

  done(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onSettled(() => (this.error === undefined ? resolve() : reject(this.error)))
    })
  }

  settle(error: Error | undefined): void {
    this.state = error === undefined ? 'committed' : 'failed'
    this.error = error
    for (const listener of this.#listeners.splice(0)) listener(this)
  }
}
