import {
  encodeCommand,
  WalrusError,
  type ClusterMetadata,
  type ConsensusStatus,
  type EventTrace,
  type MetadataCommand,
  type MetadataLog,
  type MetadataResult,
  type NodeId,
} from '@walrus/core'
import {
  defaultTiming,
  RaftError,
  RaftNode,
  type ConfState,
  type LogStore,
  type RaftClock,
  type RaftLimits,
  type RaftNodeEvents,
  type RaftTiming,
  type RaftTransport,
  type RaftTransportEvents,
  type RandomSource,
} from '@walrus/raft'
import { MetadataMachine, type Listener } from './metadata-machine.js'

export interface RaftMetadataLogOptions {
  readonly nodeId: NodeId
  /** host:port of this node's peer listener. */
  readonly address: string
  /** Open; from here on it belongs to the log, which closes it. */
  readonly store: LogStore
  /** Makes the transport; it belongs to the log, which closes it and tells it the addresses. */
  readonly connect: (events: RaftTransportEvents) => RaftTransport
  readonly clock: RaftClock
  readonly random: RandomSource
  /** The first members of a new cluster; see `RaftNodeOptions`. */
  readonly bootstrap?: ConfState
  /** Where other nodes are, as far as it is known; what the metadata says counts more. */
  readonly addresses?: ReadonlyMap<NodeId, string>
  readonly timing?: Partial<RaftTiming>
  readonly limits?: Partial<RaftLimits>
  readonly events?: Partial<RaftNodeEvents>
  /** Hears what is applied here; nobody unless told. */
  readonly trace?: EventTrace
  /** How long `propose` looks for a leader that takes the command. Default 10,000. */
  readonly leaderWaitMs?: number
}

/**
 * The metadata log of one member of a cluster. Rejects with `RaftError` or `WalrusError` when what is stored cannot be started
 * from. When it resolves, what the log knew as committed is applied, and the only voter of a cluster has caught up; others do
 * when they hear of a leader.
 */
export async function openRaftMetadataLog(options: RaftMetadataLogOptions): Promise<RaftMetadataLog> {
  const machine = new MetadataMachine(options.trace)
  let node: RaftNode<MetadataResult> | undefined
  const transport = options.connect({
    onMessage: (message, snapshotData) => node?.receive(message, snapshotData),
    onUnreachable: (id) => node?.reportUnreachable(id),
  })
  const { nodeId: id, store, clock, random, bootstrap, timing, limits } = options
  const opened: { log?: RaftMetadataLog } = {}
  const events: Partial<RaftNodeEvents> = {
    ...options.events,
    onMembership: (confState) => {
      opened.log?.tellAddresses()
      options.events?.onMembership?.(confState)
    },
  }
  try {
    node = await RaftNode.start<MetadataResult>({
      id,
      store,
      transport,
      stateMachine: machine,
      clock,
      random,
      ...(bootstrap && { bootstrap }),
      ...(timing && { timing }),
      ...(limits && { limits }),
      events,
    })
  } catch (error) {
    await transport.close()
    await store.close()
    throw error
  }
  const log = new RaftMetadataLog(options, node, machine, transport)
  opened.log = log
  await hasReplayed(node, store.initialState().hardState?.commit ?? 0, clock)
  if (isAlone(node)) await node.readIndex()
  return log
}

/** See `openRaftMetadataLog`, which makes it. */
export class RaftMetadataLog implements MetadataLog {
  /** For what the port does not know: memberships, leadership, linearizable reads. */
  readonly node: RaftNode<MetadataResult>
  readonly #options: RaftMetadataLogOptions
  readonly #machine: MetadataMachine
  readonly #transport: RaftTransport
  #nodes: ClusterMetadata['nodes'] | undefined
  #membership: ConfState | undefined
  /** Where other nodes are, as others have said; what the metadata says counts more. */
  #told: ReadonlyMap<NodeId, string>
  #isClosed = false

  constructor(
    options: RaftMetadataLogOptions,
    node: RaftNode<MetadataResult>,
    machine: MetadataMachine,
    transport: RaftTransport,
  ) {
    this.#options = options
    this.#told = options.addresses ?? new Map()
    this.node = node
    this.#machine = machine
    this.#transport = transport
    machine.subscribe(() => this.tellAddresses())
    this.tellAddresses()
  }

  get state(): ClusterMetadata {
    return this.#machine.state
  }

  /**
   * Goes through the leader, wherever it is. A command that certainly was not taken is proposed again while there is time:
   * `UNAVAILABLE` then says that it was not applied, `TIMED_OUT` that nobody knows.
   */
  async propose(command: MetadataCommand): Promise<MetadataResult> {
    if (this.#isClosed) throw new WalrusError('STORAGE_CLOSED', 'Cannot propose a metadata command: the log is closed')
    const bytes = Buffer.from(encodeCommand(command))
    const deadline = new Deadline(this.#options.clock, this.#options.leaderWaitMs ?? 10_000)
    try {
      for (;;) {
        try {
          return await this.node.propose(bytes)
        } catch (error) {
          if (!mayTryAgain(error) || deadline.isOver || this.#isClosed) throw failureOf(error)
        }
        await deadline.pause(RETRY_MS)
      }
    } finally {
      deadline.cancel()
    }
  }

  /** A snapshot that another node sends is told as one command per topic and node that it changed. */
  subscribe(listener: Listener): () => void {
    return this.#machine.subscribe(listener)
  }

  async barrier(): Promise<void> {
    try {
      await this.node.readIndex()
    } catch (error) {
      if (!(error instanceof RaftError)) throw error
      const code = error.code === 'RAFT_TIMED_OUT' ? 'TIMED_OUT' : 'UNAVAILABLE'
      throw new WalrusError(code, `Cannot catch up with the metadata: ${error.message}`, error)
    }
  }

  status(): ConsensusStatus {
    const { lastApplied, snapshot, purged, leaderSilenceTicks, silenceTicks, ...status } = this.node.status()
    const tickMs = this.#options.timing?.tickMs ?? defaultTiming.tickMs
    return {
      ...status,
      lastAppliedIndex: lastApplied.index,
      lastAppliedTerm: lastApplied.term,
      snapshotIndex: snapshot.index,
      snapshotTerm: snapshot.term,
      purgedIndex: purged.index,
      purgedTerm: purged.term,
      leaderSilenceMs: leaderSilenceTicks && leaderSilenceTicks * tickMs,
      silenceMs: silenceTicks && new Map([...silenceTicks].map(([member, ticks]) => [member, ticks * tickMs])),
      addresses: this.#addresses(),
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.node.stop()
  }

  /**
   * Where nodes are that this one may not know: one that was away when another joined, and now leads, can neither answer it nor
   * be told by it. What the metadata knows counts more.
   */
  learnAddresses(addresses: ReadonlyMap<NodeId, string>): void {
    this.#told = new Map([...this.#told, ...addresses])
    this.#transport.setAddresses(this.#addresses())
  }

  /** For those who make it: nodes or members may have changed. */
  tellAddresses(): void {
    const { membership } = this.node
    if (this.#nodes === this.state.nodes && this.#membership === membership) return
    this.#nodes = this.state.nodes
    this.#membership = membership
    this.#transport.setAddresses(this.#addresses())
  }

  #addresses(): ReadonlyMap<NodeId, string> {
    const { nodeId, address } = this.#options
    const { nodes, removedNodes } = this.state
    const known = new Map([...this.#told].filter(([id]) => !removedNodes.has(id)))
    known.set(nodeId, address)
    for (const node of nodes.values()) known.set(node.id, node.address)
    for (const id of membersOf(this.node.membership)) {
      const leaving = removedNodes.get(id)
      if (leaving !== undefined && id !== nodeId) known.set(id, leaving.address)
    }
    return known
  }
}

/** Between two attempts: an election takes longer than this, a turn of the event loop does not. */
const RETRY_MS = 20

class Deadline {
  readonly #clock: RaftClock
  readonly #timer: { cancel(): void }
  isOver = false

  constructor(clock: RaftClock, milliseconds: number) {
    this.#clock = clock
    this.#timer = clock.after(milliseconds, () => (this.isOver = true))
  }

  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(milliseconds, resolve))
  }

  cancel(): void {
    this.#timer.cancel()
  }
}

/** A member that fails meanwhile says so to whoever asks it for something. */
async function hasReplayed(node: RaftNode<MetadataResult>, commitIndex: number, clock: RaftClock): Promise<void> {
  for (;;) {
    const { role, lastApplied } = node.status()
    if (role === 'Shutdown' || lastApplied.index >= commitIndex) return
    await new Promise<void>((resolve) => clock.defer(resolve))
  }
}

function membersOf({ voters, votersOutgoing, learners }: ConfState): readonly NodeId[] {
  return [...voters, ...votersOutgoing, ...learners]
}

function isAlone(node: RaftNode<MetadataResult>): boolean {
  const { voters, votersOutgoing } = node.membership
  return voters.length === 1 && voters[0] === node.id && votersOutgoing.length === 0
}

function mayTryAgain(error: unknown): boolean {
  return error instanceof RaftError && error.code === 'RAFT_PROPOSAL_DROPPED'
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof RaftError)) return error
  const code = error.code === 'RAFT_OUTCOME_UNKNOWN' ? 'TIMED_OUT' : 'UNAVAILABLE'
  return new WalrusError(code, `Cannot propose a metadata command: ${error.message}`, error)
}
