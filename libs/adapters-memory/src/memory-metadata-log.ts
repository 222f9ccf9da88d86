import {
  applyCommand,
  EMPTY_METADATA,
  encodeCommand,
  WalrusError,
  type ClusterMetadata,
  type ConsensusStatus,
  type MetadataCommand,
  type MetadataLog,
  type MetadataResult,
  type NodeId,
} from '@walrus/core'

type Listener = Parameters<MetadataLog['subscribe']>[0]

/** Whose log it is, and where it goes on from. */
export interface MemoryMetadataLogOptions {
  readonly nodeId: NodeId
  readonly address: string
  /** Empty unless told. */
  readonly state?: ClusterMetadata
}

/** The readable definition of the `MetadataLog` port, on one node: a command is applied at once, and nothing is kept. */
export class MemoryMetadataLog implements MetadataLog {
  readonly #nodeId: NodeId
  readonly #address: string
  readonly #listeners = new Set<Listener>()
  #state: ClusterMetadata
  #closed = false

  constructor(options: MemoryMetadataLogOptions) {
    this.#nodeId = options.nodeId
    this.#address = options.address
    this.#state = options.state ?? EMPTY_METADATA
  }

  get state(): ClusterMetadata {
    return this.#state
  }

  async propose(command: MetadataCommand): Promise<MetadataResult> {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', 'Cannot propose a metadata command: the log is closed')
    encodeCommand(command)
    const { state, result } = applyCommand(this.#state, command)
    this.#state = state
    if (result.outcome === 'applied') for (const listener of this.#listeners) listener(command, state)
    return result
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  status(): ConsensusStatus {
    const { version } = this.#state
    return {
      id: this.#nodeId,
      role: this.#closed ? 'Shutdown' : 'Leader',
      term: 1,
      leader: this.#closed ? null : this.#nodeId,
      vote: this.#nodeId,
      lastLogIndex: version,
      lastAppliedIndex: version,
      lastAppliedTerm: 1,
      snapshotIndex: 0,
      snapshotTerm: 0,
      purgedIndex: 0,
      purgedTerm: 0,
      voterConfigurations: [[this.#nodeId]],
      learners: [],
      membershipEntry: null,
      addresses: new Map([[this.#nodeId, this.#address]]),
      replication: this.#closed ? null : new Map([[this.#nodeId, version]]),
      leaderSilenceMs: this.#closed ? null : 0,
      silenceMs: this.#closed ? null : new Map([[this.#nodeId, 0]]),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}
