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
import { MemoryMetadataLog } from '@walrus/adapters-memory'

/** What outlives a `ScriptedMetadataLog`: the commands, in order. Opening over the same one is a restart. */
export interface ScriptedMetadataDisk {
  readonly commands: MetadataCommand[]
}

/**
 * What happens to a proposal: it is decided, or its outcome stays unknown to the proposer (`UNAVAILABLE`) although the
 * command was dropped or applied. A promise holds the proposal back, and all that come after it.
 */
export type ProposalFate = 'decided' | 'lost' | 'applied-unknown'

/** How a `ScriptedMetadataLog` behaves. */
export interface ScriptedMetadataLogOptions {
  /** 1 unless told. */
  readonly nodeId?: NodeId
  /** Decides what becomes of each proposal; all are decided unless told. */
  readonly fate?: (command: MetadataCommand) => ProposalFate | Promise<ProposalFate>
}

/** A metadata log in memory whose proposals meet the fate that a test gives them. */
export class ScriptedMetadataLog implements MetadataLog {
  readonly #disk: ScriptedMetadataDisk
  readonly #log: MemoryMetadataLog
  readonly #fate: (command: MetadataCommand) => ProposalFate | Promise<ProposalFate>
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(disk: ScriptedMetadataDisk = { commands: [] }, options: ScriptedMetadataLogOptions = {}) {
    const { nodeId = 1, fate = () => 'decided' } = options
    const state = disk.commands.reduce((before, command) => applyCommand(before, command).state, EMPTY_METADATA)
    this.#disk = disk
    this.#fate = fate
    this.#log = new MemoryMetadataLog({ nodeId, address: `memory:${nodeId}`, state })
  }

  get state(): ClusterMetadata {
    return this.#log.state
  }

  async propose(command: MetadataCommand): Promise<MetadataResult> {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', 'Cannot propose a metadata command: the log is closed')
    encodeCommand(command)
    const settled = this.#last.then(() => this.#decide(command))
    this.#last = settled.catch(() => undefined)
    return settled
  }

  subscribe(listener: Parameters<MetadataLog['subscribe']>[0]): () => void {
    return this.#log.subscribe(listener)
  }

  barrier(): Promise<void> {
    return this.#log.barrier()
  }

  status(): ConsensusStatus {
    return this.#log.status()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
    await this.#log.close()
  }

  async #decide(command: MetadataCommand): Promise<MetadataResult> {
    const fate = await this.#fate(command)
    const result = fate === 'lost' ? undefined : await this.#apply(command)
    if (fate === 'decided' && result !== undefined) return result
    throw new WalrusError('UNAVAILABLE', `Cannot propose "${command.kind}": the outcome is not known`)
  }

  #apply(command: MetadataCommand): Promise<MetadataResult> {
    this.#disk.commands.push(command)
    return this.#log.propose(command)
  }
}
