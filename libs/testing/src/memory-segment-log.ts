import {
  formatSegmentKey,
  recordProducer,
  WalrusError,
  type CommitTicket,
  type EncodedBatch,
  type NewSegment,
  type Producer,
  type ReadLimits,
  type SegmentKey,
  type SegmentLog,
  type StoredEntry,
  type TopicState,
} from '@walrus/core'
import { BATCH_HEADER_BYTES, crc32, EntryReader, readWholeBatch, type WholeBatch } from '@walrus/protocol'
import { MemoryCommit, type MemoryBatch } from './memory-commit.js'
import { MemoryTicket } from './memory-ticket.js'

/** One committed segment. A test may edit it between two openings to play damage. */
export interface MemorySegment extends NewSegment {
  readonly batches: MemoryStoredBatch[]
  readonly entries: StoredEntry[]
  topicState: TopicState
  fencedEpoch: number
  sealed: boolean
}

/** A batch with the topic's state as it was before, so that the batch can be given up. */
export interface MemoryStoredBatch extends EncodedBatch {
  readonly stateBefore: TopicState
}

/** What a segment needs of the storage that it is in. */
export interface MemorySegmentHome {
  readonly closed: boolean
  readonly options: {
    readonly read?: (key: SegmentKey, fromIndex: number) => Promise<void>
    readonly wallMs?: () => number
  }
  /** The segment has something to commit. */
  enlist(segment: MemorySegmentLog): void
  /** Makes a change that is on stable storage when this resolves. */
  persist(segment: MemorySegmentLog, change: () => void): Promise<void>
  /** Resolves when nothing is being committed. */
  settled(): Promise<void>
}

/** One segment of a `MemoryLogStorage`. */
export class MemorySegmentLog implements SegmentLog {
  readonly stored: MemorySegment
  readonly #storage: MemorySegmentHome
  #refusal: WalrusError | undefined
  #waiting: MemoryCommit | undefined
  #underWay: MemoryCommit | undefined
  readonly #commitListeners = new Set<() => void>()
  readonly #batchListeners = new Set<(batch: EncodedBatch) => void>()

  constructor(storage: MemorySegmentHome, stored: MemorySegment) {
    this.#storage = storage
    this.stored = stored
    if (stored.sealed) this.#refusal = this.#sealedError()
  }

  get topic(): string {
    return this.stored.topic
  }
  get segment(): number {
    return this.stored.segment
  }
  get baseOffset(): number {
    return this.stored.baseOffset
  }
  get epoch(): number {
    return this.stored.epoch
  }
  /** Memory does not rot. */
  readonly damagedFrom = undefined

  get fencedEpoch(): number {
    return this.stored.fencedEpoch
  }
  get position(): number {
    const last = this.stored.batches.at(-1)
    return last === undefined ? 0 : endOf(last)
  }
  get sealed(): boolean {
    return this.stored.sealed || this.#refusal?.code === 'SEGMENT_SEALED'
  }
  get entryCount(): number {
    return this.stored.entries.length
  }
  get appendedCount(): number {
    return this.entryCount + (this.#underWay?.entryCount ?? 0) + (this.#waiting?.entryCount ?? 0)
  }
  get sizeBytes(): number {
    return this.stored.entries.reduce((sum, entry) => sum + entry.data.length, 0)
  }
  get createdMs(): number {
    const first = this.#underWay?.batches[0] ?? this.#waiting?.batches[0]
    return (this.stored.entries[0] ?? first)?.timestampMs ?? 0
  }
  get lastAppendMs(): number {
    return this.stored.entries.at(-1)?.timestampMs ?? this.createdMs
  }
  get topicState(): TopicState {
    return this.stored.topicState
  }

  async stateAt(position: number): Promise<TopicState> {
    return this.stored.batches[this.#batchAt(position)]?.stateBefore ?? this.topicState
  }

  append(entry: Uint8Array): CommitTicket {
    return this.appendBatch([entry])
  }

  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket {
    this.#checkAppendable()
    const open = this.#waiting?.batches.at(-1)
    const joins = producer === undefined && open?.encoded === undefined && open?.producer === undefined
    if (entries.length === 0) return open?.ticket ?? this.#settledTicket()
    if (producer !== undefined) checkProducer(this, producer, entries.length)
    const batch = joins && open !== undefined ? open : this.#addBatch({ producer })
    for (const entry of entries) batch.entries.push(new Uint8Array(entry))
    batch.ticket.entryCount += entries.length
    return batch.ticket
  }

  appendEncoded(bytes: Uint8Array): CommitTicket {
    this.#checkAppendable()
    const { header } = this.#checkEncoded(bytes)
    const { ticket } = this.#addBatch({ encoded: new Uint8Array(bytes), timestampMs: header.timestampMs })
    ticket.entryCount = header.entryCount
    return ticket
  }

  commitCursor(name: string, offset: number): CommitTicket {
    this.#checkAppendable()
    const commit = this.#join()
    commit.cursors.set(name, offset)
    commit.cursorTicket ??= new MemoryTicket(this.baseOffset + this.appendedCount)
    return commit.cursorTicket
  }

  onBatch(listener: (batch: EncodedBatch) => void): () => void {
    this.#batchListeners.add(listener)
    return () => void this.#batchListeners.delete(listener)
  }

  async readBatches(fromPosition: number, maxBytes: number): Promise<readonly EncodedBatch[]> {
    const found: EncodedBatch[] = []
    let totalBytes = 0
    for (const { position, entryCount, firstIndex, bytes } of this.stored.batches.slice(this.#batchAt(fromPosition))) {
      totalBytes += bytes.length
      if (found.length > 0 && totalBytes > maxBytes) break
      found.push({ position, entryCount, firstIndex, bytes })
    }
    return found
  }

  async fence(epoch: number): Promise<void> {
    this.#checkOpen()
    checkEpoch(this, epoch)
    if (epoch <= this.fencedEpoch) return
    await this.#storage.persist(this, () => (this.stored.fencedEpoch = Math.max(this.fencedEpoch, epoch)))
  }

  async truncateTail(position: number): Promise<void> {
    this.#checkAppendable()
    this.#refusal = new WalrusError('UNAVAILABLE', `Cannot append to "${formatSegmentKey(this)}": its tail is given up`)
    try {
      await this.drain()
      const at = this.#batchAt(position)
      await this.#storage.persist(this, () => this.#giveUpFrom(at))
    } finally {
      this.#refusal = undefined
    }
  }

  async read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    await this.#storage.options.read?.(this, fromIndex)
    const found: StoredEntry[] = []
    let bytes = 0
    for (const entry of this.stored.entries.slice(fromIndex, fromIndex + limits.maxEntries)) {
      bytes += entry.data.length
      if (found.length > 0 && bytes > limits.maxBytes) break
      found.push(entry)
    }
    return found
  }

  async indexAtTime(timestampMs: number): Promise<number> {
    const index = this.stored.entries.findIndex((entry) => entry.timestampMs >= timestampMs)
    return index < 0 ? this.entryCount : index
  }

  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener)
    return () => void this.#commitListeners.delete(listener)
  }

  async drain(): Promise<void> {
    while (this.#waiting !== undefined || this.#underWay !== undefined) await this.#storage.settled()
  }

  async seal(): Promise<void> {
    this.#refusal ??= this.#sealedError()
    await this.drain()
    if (!this.stored.sealed) await this.#storage.persist(this, () => (this.stored.sealed = true))
  }

  /** What waits becomes the commit that is under way. */
  beginCommit(): MemoryCommit {
    const commit = this.#waiting ?? new MemoryCommit()
    this.#underWay = commit
    this.#waiting = undefined
    const timestampMs = this.#wallMs()
    commit.encode({ position: this.position, index: this.entryCount, epoch: this.epoch, timestampMs })
    for (const batch of commit.encoded) for (const listener of [...this.#batchListeners]) listener(batch)
    return commit
  }

  complete(commit: MemoryCommit): void {
    for (const batch of commit.encoded) this.#store(batch)
    this.#underWay = undefined
    for (const ticket of commit.tickets) ticket.settle(undefined)
    if (commit.entryCount > 0) for (const listener of [...this.#commitListeners]) listener()
  }

  /** Fails what was in flight and, because offsets have no holes, what was appended since. */
  fail(error: Error): void {
    const failed = [this.#underWay, this.#waiting]
    this.#underWay = this.#waiting = undefined
    for (const commit of failed) for (const ticket of commit?.tickets ?? []) ticket.settle(error)
  }

  #store(batch: EncodedBatch): void {
    this.stored.batches.push({ ...batch, stateBefore: this.topicState })
    const whole = readWholeBatch(batch.bytes, crc32)
    if (typeof whole === 'string') throw new Error(`A batch that was checked is none: ${whole}`)
    this.stored.topicState = stateAfter(this.topicState, whole)
    this.stored.entries.push(...entriesOf(batch, whole, this.baseOffset))
  }

  #giveUpFrom(at: number): void {
    const [first] = this.stored.batches.splice(at)
    if (first === undefined) return
    this.stored.entries.splice(first.firstIndex)
    this.stored.topicState = first.stateBefore
  }

  /** Which batch begins at the position; their number for the end. */
  #batchAt(position: number): number {
    const { batches } = this.stored
    const at = batches.findIndex((batch) => batch.position === position)
    if (at >= 0) return at
    if (position === this.position) return batches.length
    const name = formatSegmentKey(this)
    throw new WalrusError('INVALID_ARGUMENT', `Cannot find position ${position} in "${name}": no batch begins there`)
  }

  #addBatch(batch: Partial<Pick<MemoryBatch, 'producer' | 'encoded' | 'timestampMs'>>): MemoryBatch {
    const firstIndex = this.appendedCount
    const ticket = new MemoryTicket(this.baseOffset + firstIndex)
    const { producer, encoded, timestampMs = this.#wallMs() } = batch
    const added: MemoryBatch = { ticket, firstIndex, timestampMs, producer, encoded, entries: [] }
    this.#join().batches.push(added)
    return added
  }

  #join(): MemoryCommit {
    this.#waiting ??= new MemoryCommit()
    this.#storage.enlist(this)
    return this.#waiting
  }

  #settledTicket(): MemoryTicket {
    const ticket = new MemoryTicket(this.baseOffset + this.appendedCount)
    ticket.settle(undefined)
    return ticket
  }

  #wallMs(): number {
    return this.#storage.options.wallMs?.() ?? 0
  }

  #checkEncoded(bytes: Uint8Array): WholeBatch {
    const batch = readWholeBatch(bytes, crc32)
    const what = `Cannot append a batch to "${formatSegmentKey(this)}"`
    if (typeof batch === 'string') throw new WalrusError('CORRUPT_DATA', `${what}: ${batch}`)
    if (batch.records.some(({ kind }) => kind !== 'cursor')) {
      throw new WalrusError('CORRUPT_DATA', `${what}: its control records are not cursors`)
    }
    const { firstIndex } = batch.header
    if (firstIndex === this.appendedCount) return batch
    throw new WalrusError(
      'INVALID_ARGUMENT',
      `${what}: it begins at ${firstIndex}, the log ends at ${this.appendedCount}`,
    )
  }

  #checkAppendable(): void {
    this.#checkOpen()
    if (this.#refusal !== undefined) throw this.#refusal
  }

  #checkOpen(): void {
    const name = formatSegmentKey(this)
    if (this.#storage.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot append to "${name}": storage is closed`)
  }

  #sealedError(): WalrusError {
    const name = formatSegmentKey(this)
    return new WalrusError('SEGMENT_SEALED', `Cannot append to "${name}": the segment is sealed`)
  }
}

function endOf(batch: EncodedBatch): number {
  return batch.position + Math.max(1, batch.entryCount)
}

function checkEpoch(log: SegmentLog, epoch: number): void {
  if (Number.isInteger(epoch) && epoch >= 0 && epoch < 2 ** 32) return
  const what = `Cannot fence "${formatSegmentKey(log)}" with epoch ${epoch}`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: it is no whole number below 2^32`)
}

function checkProducer(log: SegmentLog, { id, sequence }: Producer, entryCount: number): void {
  if (Number.isSafeInteger(id) && id >= 1 && sequence >= 0 && Number.isSafeInteger(sequence + entryCount)) return
  const what = `Cannot append to "${formatSegmentKey(log)}" as producer ${id} with sequence ${sequence}`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: an id is a whole number from 1, a sequence one from 0`)
}

function stateAfter(state: TopicState, { header, records }: WholeBatch): TopicState {
  const { producerId, producerSequence, entryCount } = header
  const cursors = new Map(state.cursors)
  const producers = new Map(state.producers)
  for (const record of records) if (record.kind === 'cursor') cursors.set(record.name, record.offset)
  if (producerId > 0) recordProducer(producers, producerId, producerSequence + entryCount - 1)
  return { cursors, producers }
}

function entriesOf(batch: EncodedBatch, { header }: WholeBatch, baseOffset: number): StoredEntry[] {
  if (header.control) return []
  const reader = new EntryReader(batch.bytes, BATCH_HEADER_BYTES, batch.bytes.length, header.entryCount)
  const entries: StoredEntry[] = []
  while (reader.next()) {
    const offset = baseOffset + batch.firstIndex + entries.length
    entries.push({ offset, timestampMs: header.timestampMs, data: batch.bytes.subarray(reader.start, reader.end) })
  }
  return entries
}
