import {
  applyCommand,
  encodeCommand,
  encodeState,
  reasonOf,
  WalrusError,
  type ClusterMetadata,
  type ConsensusStatus,
  type MetadataCommand,
  type MetadataLog,
  type MetadataResult,
  type NodeId,
} from '@walrus/core'
import { commandKey, SNAPSHOT_KEY } from './keys.js'
import { encodeRecord } from './record.js'
import { recover, type Recovered, type SnapshotPosition } from './recover.js'
import { openMetadataStore, type MetadataStore } from './metadata-store.js'
import { closeStore, readFrom } from './store.js'

export interface LevelMetadataLogOptions {
  /** Created if missing. One process owns it at a time. */
  readonly directory: string
  readonly nodeId: NodeId
  /** host:port of this node's peer listener, as `status` shows it. */
  readonly address: string
  /** A snapshot replaces the log when the log has this many bytes, and no fewer than the last snapshot. Default 1 MiB. */
  readonly snapshotLogBytesMin?: number
}

/**
 * The metadata log of a cluster of one: this node is its own quorum, so a command is decided once it is on this disk.
 * Proposals that arrive while a write is under way share the next one, and its sync.
 *
 * Opening rejects with `DIRECTORY_LOCKED` when another owner has it, and with `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` when
 * a command that was acknowledged is missing, changed or not understood. After a failed write nothing more is accepted:
 * each proposal rejects with `UNAVAILABLE`, because what is on the disk is not known until the log is opened again.
 * A command that no log can hold rejects with `INVALID_ARGUMENT`, one after `close` with `STORAGE_CLOSED`; neither is applied.
 */
export async function openLevelMetadataLog(options: LevelMetadataLogOptions): Promise<MetadataLog> {
  const store = await openMetadataStore(options.directory)
  try {
    return new LevelMetadataLog(options, store, await readFrom(store, () => recover(store)))
  } catch (error) {
    await closeStore(store)
    throw error
  }
}

const SNAPSHOT_LOG_BYTES_MIN = 1024 * 1024

interface Proposal {
  readonly command: MetadataCommand
  readonly payload: string
  readonly resolve: (result: MetadataResult) => void
  readonly reject: (error: WalrusError) => void
}

type Listener = (command: MetadataCommand, state: ClusterMetadata) => void

export class LevelMetadataLog implements MetadataLog {
  readonly #options: LevelMetadataLogOptions
  readonly #store: MetadataStore
  readonly #listeners = new Set<Listener>()
  #state: ClusterMetadata
  #snapshot: SnapshotPosition
  #lastIndex: number
  #logBytes: number
  #waiting: Proposal[] = []
  /** The loop that empties `#waiting`; undefined when there is nothing to write. */
  #writing: Promise<void> | undefined
  #failure: WalrusError | undefined
  #closing: Promise<void> | undefined

  constructor(options: LevelMetadataLogOptions, store: MetadataStore, recovered: Recovered) {
    this.#options = options
    this.#store = store
    this.#state = recovered.state
    this.#snapshot = recovered.snapshot
    this.#lastIndex = recovered.lastIndex
    this.#logBytes = recovered.logBytes
  }

  get state(): ClusterMetadata {
    return this.#state
  }

  propose(command: MetadataCommand): Promise<MetadataResult> {
    return new Promise((resolve, reject) => {
      this.#assertWritable()
      this.#waiting.push({ command, payload: encodeCommand(command), resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** One voter needs no election: it leads from the start, in term 1, and matches itself. */
  /** There is no other node to wait for. */
  async barrier(): Promise<void> {}

  status(): ConsensusStatus {
    const { nodeId, address } = this.#options
    const closed = this.#closing !== undefined
    return {
      id: nodeId,
      role: closed ? 'Shutdown' : 'Leader',
      term: 1,
      leader: closed ? null : nodeId,
      lastLogIndex: this.#lastIndex,
      lastAppliedIndex: this.#state.version,
      snapshotIndex: this.#snapshot.index,
      voterConfigurations: [[nodeId]],
      addresses: new Map([[nodeId, address]]),
      replication: closed ? null : new Map([[nodeId, this.#lastIndex]]),
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#settleAndClose()
    return this.#closing
  }

  #assertWritable(): void {
    if (this.#closing !== undefined)
      throw new WalrusError('STORAGE_CLOSED', `Cannot write ${this.#store.name}: it is closed`)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #settleAndClose(): Promise<void> {
    await this.#writing
    await closeStore(this.#store)
  }

  /** Starts in a task of its own, so that all proposals of one tick share the first write. */
  async #write(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0, GROUP_SIZE_MAX))
    this.#writing = undefined
  }

  async #writeGroup(group: readonly Proposal[]): Promise<void> {
    try {
      await this.#append(group)
    } catch (error) {
      this.#fail(error, group)
      return
    }
    for (const proposal of group) this.#apply(proposal)
    await this.#snapshotIfDue()
  }

  async #append(group: readonly Proposal[]): Promise<void> {
    const records = group.map(({ payload }, at) => encodeRecord(this.#lastIndex + 1 + at, payload))
    const puts = records.map((value, at) => ({
      type: 'put' as const,
      key: commandKey(this.#lastIndex + 1 + at),
      value,
    }))
    await this.#store.database.batch(puts, { sync: true })
    this.#lastIndex += group.length
    this.#logBytes += records.reduce((sum, record) => sum + record.length, 0)
    await this.#store.mark.write(this.#lastIndex)
  }

  #apply({ command, resolve }: Proposal): void {
    const { state, result } = applyCommand(this.#state, command)
    this.#state = state
    if (result.outcome === 'applied') for (const listener of this.#listeners) listener(command, state)
    resolve(result)
  }

  /** The log is replaced when it has become as large as the snapshot: so each byte is rewritten about once. */
  async #snapshotIfDue(): Promise<void> {
    if (this.#logBytes < Math.max(this.#options.snapshotLogBytesMin ?? SNAPSHOT_LOG_BYTES_MIN, this.#snapshot.bytes))
      return
    try {
      await this.#replaceLogBySnapshot()
    } catch (error) {
      this.#fail(error, [])
    }
  }

  async #replaceLogBySnapshot(): Promise<void> {
    const value = encodeRecord(this.#lastIndex, encodeState(this.#state))
    const batch = this.#store.database.batch().put(SNAPSHOT_KEY, value)
    for (let index = this.#snapshot.index + 1; index <= this.#lastIndex; index += 1) batch.del(commandKey(index))
    await batch.write({ sync: true })
    this.#snapshot = { index: this.#lastIndex, bytes: value.length }
    this.#logBytes = 0
  }

  /** What a failed write left on the disk is not known, so nothing may be written after it. */
  #fail(error: unknown, group: readonly Proposal[]): void {
    this.#failure = new WalrusError('UNAVAILABLE', `Cannot write ${this.#store.name}: ${reasonOf(error)}`, error)
    for (const proposal of [...group, ...this.#waiting.splice(0)]) proposal.reject(this.#failure)
  }
}

/** Bounds the memory of one write, not the rate: the next group follows at once. */
const GROUP_SIZE_MAX = 4096
