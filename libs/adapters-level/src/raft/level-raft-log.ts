import { randomUUID } from 'node:crypto'
import { reasonOf, WalrusError } from '@walrus/core'
import {
  emptyConfState,
  entryBytes,
  type Entry,
  type EntryId,
  type InitialState,
  type LogIndex,
  type LogStore,
  type LogWrite,
  type Snapshot,
  type Term,
} from '@walrus/raft'
import { checksumOf, damaged } from '../record.js'
import { closeStore, openStore, readFailure, readFrom, type Store } from '../store.js'
import { decodeEntry } from './entry-record.js'
import { checkOwner, encodeIdentity, type Identity } from './identity.js'
import { chunkKey, entryKey, IDENTITY_KEY, ROOT_KEY } from './keys.js'
import { LogTail, type Mark } from './log-tail.js'
import { recoverRaftLog, type RecoveredLog } from './recover-raft-log.js'
import { encodeRoot, type Root } from './root-record.js'
import { decodeSnapshot } from './snapshot-chunks.js'
import { planSnapshot, planWrite, type PlanContext, type WritePlan } from './write-plan.js'

export interface LevelRaftLogOptions {
  /** Created if missing. One process owns it at a time. */
  readonly directory: string
  /** Whose log it is, for ever. */
  readonly nodeId: number
  /** What a new log is known by, 1 to 64 characters; random unless told. One that exists keeps its own. */
  readonly identity?: string
  /** Bound for the entries, in bytes, that are kept in memory for those who need them again. Default 16 MiB. */
  readonly cacheBytesMax?: number
  /** A larger snapshot is written in pieces of this size, in bytes. Default 1 MiB. */
  readonly chunkBytes?: number
}

const CACHE_BYTES_MAX = 16 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

/**
 * The log of one Raft member in LevelDB. Every write is one atomic batch with one sync.
 *
 * Opening rejects with `DIRECTORY_LOCKED` when another owner has it, with `INVALID_ARGUMENT` when it belongs to another node,
 * and with `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` when anything that was durable is missing, changed or not understood. After
 * a failed write everything rejects with `UNAVAILABLE` until it is opened again. Reading an entry that was damaged since it
 * was opened throws `CORRUPT_DATA`.
 */
export async function openLevelRaftLog(options: LevelRaftLogOptions): Promise<LevelRaftLog> {
  const layout = { what: 'Raft log', folder: 'log' } as const
  const store = await openStore(options.directory, layout)
  try {
    const recovered = await readFrom(store, () => recoverRaftLog(store, options.cacheBytesMax ?? CACHE_BYTES_MAX))
    const identity = await ownIdentity(store, recovered, options)
    await deleteOrphans(store, recovered.orphans)
    return new LevelRaftLog(options, store, recovered, identity)
  } catch (error) {
    await closeStore(store)
    throw error
  }
}

/** See `openLevelRaftLog`, which makes it; and `LogStore` for what it promises. */
export class LevelRaftLog implements LogStore {
  readonly #options: LevelRaftLogOptions
  readonly #store: Store
  #identity: Identity
  #root: Root
  #tail: LogTail
  #confState: InitialState['confState']
  /** Entries up to here are being deleted. */
  #compactingIndex = 0
  #writing: Promise<void> | undefined
  #failure: WalrusError | undefined
  #closing: Promise<void> | undefined

  constructor(options: LevelRaftLogOptions, store: Store, recovered: RecoveredLog, identity: Identity) {
    this.#options = options
    this.#store = store
    this.#identity = identity
    this.#root = recovered.root
    this.#tail = recovered.tail
    this.#confState = recovered.snapshot?.confState ?? emptyConfState
  }

  /** The cluster that the node belongs to; null until `saveCluster`. */
  get clusterId(): string | null {
    return this.#identity.clusterId
  }

  /** What tells this node from another one with the same id. */
  get identity(): string {
    return this.#identity.identity
  }

  /** The cluster began with this node. */
  get isFounder(): boolean {
    return this.#identity.isFounder
  }

  /**
   * Durable when it resolves. `isFounder`: the cluster begins with this node. Rejects with `NODE_REFUSED` when the node
   * belongs to another cluster already.
   */
  async saveCluster(clusterId: string, { isFounder }: { readonly isFounder: boolean }): Promise<void> {
    if (this.#identity.clusterId === clusterId) return
    if (this.#identity.clusterId !== null) {
      const reason = `node ${this.#identity.nodeId} belongs to cluster "${this.#identity.clusterId}"`
      throw new WalrusError('NODE_REFUSED', `Cannot join cluster "${clusterId}": ${reason}`)
    }
    const identity = { ...this.#identity, clusterId, isFounder }
    await this.#exclusively(() => this.#store.database.put(IDENTITY_KEY, encodeIdentity(identity), { sync: true }))
    this.#identity = identity
  }

  initialState(): InitialState {
    const { hasHardState, term, vote, commit } = this.#root
    return { hardState: hasHardState ? { term, vote, commit } : null, confState: this.#confState }
  }

  firstIndex(): LogIndex {
    return this.#tail.base.index + 1
  }

  lastIndex(): LogIndex {
    return this.#tail.lastIndex
  }

  term(index: LogIndex): Term | undefined {
    return this.#tail.term(index)
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (low < this.firstIndex() || low <= this.#compactingIndex) return undefined
    const entries: Entry[] = []
    let bytes = 0
    for (let index = low; index < high; index++) {
      const entry = this.#tail.entry(index) ?? this.#readEntry(index)
      bytes += entryBytes(entry)
      if (bytes > bytesMax && entries.length > 0) break
      entries.push(entry)
    }
    return entries
  }

  snapshotId(): EntryId {
    return { index: this.#root.snapshotIndex, term: this.#root.snapshotTerm }
  }

  async loadSnapshot(): Promise<Snapshot | null> {
    const root = this.#root
    if (root.snapshotIndex === 0) return null
    const range = { gte: chunkKey(root.snapshotIndex, 0), lt: chunkKey(root.snapshotIndex + 1, 0) }
    const records = await readFrom(this.#store, () => this.#store.database.values(range).all())
    return decodeSnapshot(`the snapshot of ${this.#store.name}`, root, records)
  }

  write(write: LogWrite): Promise<void> {
    return this.#exclusively(async () => {
      const plan = planWrite(this.#context(), write)
      await this.#perform(plan, write.mustSync || plan.snapshot !== undefined || plan.entries.length > 0)
      if (plan.snapshot !== undefined && write.snapshot !== null) this.#confState = write.snapshot.confState
    })
  }

  saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): Promise<void> {
    return this.#exclusively(async () => {
      if (snapshot.index <= this.#root.snapshotIndex) return
      this.#compactingIndex = compactIndex
      await this.#perform(planSnapshot(this.#context(), snapshot, compactIndex), true)
      this.#compactingIndex = 0
      this.#confState = snapshot.confState
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#settleAndClose()
    return this.#closing
  }

  #context(): PlanContext {
    const cacheBytesMax = this.#options.cacheBytesMax ?? CACHE_BYTES_MAX
    return {
      root: this.#root,
      tail: this.#tail,
      checksumAt: (index) => this.#tail.checksum(index) ?? checksumOf(this.#readRecord(index)),
      chunkBytes: this.#options.chunkBytes ?? CHUNK_BYTES,
      emptyTail: (base: Mark) => new LogTail(base, cacheBytesMax),
    }
  }

  /** Large snapshots are written before, piece by piece; they count only once the root speaks of them. */
  async #perform(plan: WritePlan, sync: boolean): Promise<void> {
    const { database, mark } = this.#store
    const chunks = plan.snapshot?.records ?? []
    for (const [number, record] of chunks.slice(0, -1).entries()) {
      await database.put(chunkKey(plan.root.snapshotIndex, number), record, { sync: true })
    }
    const batch = database.batch()
    const lastChunk = chunks.at(-1)
    if (lastChunk !== undefined) {
      batch.put(chunkKey(plan.root.snapshotIndex, chunks.length - 1), lastChunk)
      for (const key of this.#snapshotKeys()) batch.del(key)
    }
    for (const { first, last } of plan.deletions) {
      for (let index = first; index <= last; index++) batch.del(entryKey(index))
    }
    for (const { entry, record } of plan.entries) batch.put(entryKey(entry.index), record)
    batch.put(ROOT_KEY, encodeRoot(plan.root))
    await batch.write({ sync })
    this.#root = plan.root
    this.#tail = plan.adopt(this.#tail)
    if (sync) await mark.write(plan.root.writeNumber)
  }

  /** Of the snapshot that is stored now. */
  #snapshotKeys(): readonly Buffer[] {
    const { snapshotIndex, snapshotChunks } = this.#root
    return Array.from({ length: snapshotChunks }, (_, number) => chunkKey(snapshotIndex, number))
  }

  #readEntry(index: LogIndex): Entry {
    return decodeEntry(this.#entryName(index), index, this.#readRecord(index)).entry
  }

  #readRecord(index: LogIndex): Buffer {
    let record
    try {
      record = this.#store.database.getSync(entryKey(index))
    } catch (error) {
      throw readFailure(this.#entryName(index), error)
    }
    if (record === undefined) throw damaged(this.#entryName(index), 'it is missing')
    return record
  }

  #entryName(index: LogIndex): string {
    return `entry ${index} of ${this.#store.name}`
  }

  /** What a failed write left on the disk is not known, so nothing may be written after it. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    this.#assertWritable()
    const done = work()
    this.#writing = done.catch(() => undefined)
    try {
      await done
    } catch (error) {
      this.#failure = new WalrusError('UNAVAILABLE', `Cannot write ${this.#store.name}: ${reasonOf(error)}`, error)
      throw this.#failure
    } finally {
      this.#writing = undefined
    }
  }

  #assertWritable(): void {
    const refuse = (code: 'STORAGE_CLOSED' | 'INVALID_ARGUMENT', reason: string): never => {
      throw new WalrusError(code, `Cannot write ${this.#store.name}: ${reason}`)
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closing !== undefined) refuse('STORAGE_CLOSED', 'it is closed')
    if (this.#writing !== undefined) refuse('INVALID_ARGUMENT', 'another write is under way')
  }

  async #settleAndClose(): Promise<void> {
    await this.#writing
    await closeStore(this.#store)
  }
}

/** A new log gets its owner at once, before anything else. */
async function ownIdentity(
  store: Store,
  { identity }: RecoveredLog,
  { nodeId, identity: name = randomUUID() }: LevelRaftLogOptions,
): Promise<Identity> {
  if (identity !== undefined) {
    checkOwner(store.name, identity, nodeId)
    return identity
  }
  const created = { nodeId, identity: name, clusterId: null, isFounder: false }
  await store.database.put(IDENTITY_KEY, encodeIdentity(created), { sync: true })
  return created
}

async function deleteOrphans(store: Store, orphans: readonly Buffer[]): Promise<void> {
  if (orphans.length === 0) return
  const batch = store.database.batch()
  for (const key of orphans) batch.del(key)
  await batch.write({ sync: true })
}
