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

/** What outlives a `MemoryMetadataLog`: the commands, in order. Opening over the same one is a restart. */
export interface MemoryMetadataDisk {
  readonly commands: MetadataCommand[]
}

/**
 * What happens to a proposal: it is decided, or its outcome stays unknown to the proposer (`UNAVAILABLE`) although the
 * command was dropped or applied. A promise holds the proposal back, and all that come after it.
 */
export type ProposalFate = 'decided' | 'lost' | 'applied-unknown'

/** How a `MemoryMetadataLog` behaves. */
export interface MemoryMetadataLogOptions {
  /** 1 unless told. */
  readonly nodeId?: NodeId
  /** Decides what becomes of each proposal; all are decided unless told. */
  readonly fate?: (command: MetadataCommand) => ProposalFate | Promise<ProposalFate>
}

/** The readable definition of the `MetadataLog` port, on one node: a list of commands and the state they lead to. */
export class MemoryMetadataLog implements MetadataLog {
  readonly #disk: MemoryMetadataDisk
  readonly #nodeId: NodeId
  readonly #fate: (command: MetadataCommand) => ProposalFate | Promise<ProposalFate>
  readonly #listeners = new Set<(command: MetadataCommand, state: ClusterMetadata) => void>()
  #state: ClusterMetadata
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(disk: MemoryMetadataDisk = { commands: [] }, options: MemoryMetadataLogOptions = {}) {
    this.#disk = disk
    this.#nodeId = options.nodeId ?? 1
    this.#fate = options.fate ?? (() => 'decided')
    this.#state = disk.commands.reduce((state, command) => applyCommand(state, command).state, EMPTY_METADATA)
  }

  get state(): ClusterMetadata {
    return this.#state
  }

  async propose(command: MetadataCommand): Promise<MetadataResult> {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', 'Cannot write the metadata log: it is closed')
    encodeCommand(command)
    const settled = this.#last.then(() => this.#decide(command))
    this.#last = settled.catch(() => undefined)
    return settled
  }

  subscribe(listener: (command: MetadataCommand, state: ClusterMetadata) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  status(): ConsensusStatus {
    const index = this.#state.version
    return {
      id: this.#nodeId,
      role: this.#closed ? 'Shutdown' : 'Leader',
      term: 1,
      leader: this.#closed ? null : this.#nodeId,
      lastLogIndex: index,
      lastAppliedIndex: index,
      snapshotIndex: 0,
      voterConfigurations: [[this.#nodeId]],
      addresses: new Map([[this.#nodeId, `memory:${this.#nodeId}`]]),
      replication: this.#closed ? null : new Map([[this.#nodeId, index]]),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }

  async #decide(command: MetadataCommand): Promise<MetadataResult> {
    const fate = await this.#fate(command)
    const result = fate === 'lost' ? undefined : this.#apply(command)
    if (fate === 'decided' && result !== undefined) return result
    throw new WalrusError('UNAVAILABLE', `Cannot propose "${command.kind}": the outcome is not known`)
  }

  #apply(command: MetadataCommand): MetadataResult {
    const { state, result } = applyCommand(this.#state, command)
    this.#disk.commands.push(command)
    this.#state = state
    if (result.outcome === 'applied') for (const listener of this.#listeners) listener(command, state)
    return result
  }
}
