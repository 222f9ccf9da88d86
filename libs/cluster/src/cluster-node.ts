import {
  DEFAULT_TOPIC_CONFIG,
  viewTopicState,
  WalrusError,
  type Clock,
  type CommitTicket,
  type ConsensusStatus,
  type LogStorage,
  type MetadataLog,
  type NodeId,
  type NodeMetadata,
  type SegmentLimits,
  type StoredEntry,
  type Timer,
  type TopicConfig,
  type TopicStateView,
} from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import { LedTopics } from './led-topics.js'
import { viewMetrics, type MetricsView } from './metrics-view.js'
import { DEFAULT_NODE_LIMITS, type NodeContext, type NodeLimits, type Report } from './node-context.js'
import { atMost } from './pause.js'
import { recoverSegments } from './recover-segments.js'
import { TopicRegistrar } from './topic-registrar.js'

export interface NodeOptions {
  readonly nodeId: NodeId
  /** host:port of this node's peer listener, as metadata names it. */
  readonly address: string
  /** What this node has stored. The caller closes it, after the node. */
  readonly storage: LogStorage
  /** What the cluster has decided. The caller closes it, after the node. */
  readonly metadata: MetadataLog
  readonly clock: Clock
  /** Hears what an operator should know; nobody unless told. */
  readonly report?: Report
  /** What new topics are created with; `DEFAULT_TOPIC_CONFIG` unless told. */
  readonly topicConfig?: TopicConfig
  /** Overrides, for every topic that this node leads, what the topic was created with. */
  readonly segmentLimits?: Partial<SegmentLimits>
  /** Overrides of `DEFAULT_NODE_LIMITS`. */
  readonly limits?: Partial<NodeLimits>
}

/**
 * Starts a node: announces it, compares what is stored with what was decided, finishes what a crash interrupted, and opens
 * every topic that it leads. Damage is reported and stays with its topic; rejects when metadata cannot be written, or a
 * seal cannot be recorded.
 */
export async function openNode(options: NodeOptions): Promise<ClusterNode> {
  const context = contextOf(options)
  await announce(context, options.address)
  await recoverSegments(context)
  return new ClusterNode(context, options.topicConfig ?? DEFAULT_TOPIC_CONFIG)
}

/** The use cases of a running node. Calls that reject or throw do so with a `WalrusError`, except for defects. */
export class ClusterNode {
  readonly #context: NodeContext
  readonly #topics: LedTopics
  readonly #registrar: TopicRegistrar
  #monitor: Timer | undefined
  #closing: Promise<void> | undefined

  /** For `openNode`. */
  constructor(context: NodeContext, topicConfig: TopicConfig) {
    this.#context = context
    this.#topics = new LedTopics(context)
    this.#registrar = new TopicRegistrar(context, this.#topics, topicConfig)
    this.#watch()
  }

  /**
   * Makes sure that the topic exists; resolves once that is durable, and appends from then on succeed. Idempotent.
   * Rejects with `INVALID_TOPIC`, or with `TIMED_OUT` when it is not known whether it was created.
   */
  async register(topic: string): Promise<void> {
    if (this.#closing !== undefined) throw nodeClosed()
    await this.#registrar.register(topic)
  }

  /**
   * Appends a copy of the entry. The order of the calls is the order in the topic. While the topic's segment is replaced
   * the entry waits for the next one, up to `requestTimeoutMs`, and has a ticket of its own; else its ticket is that of the
   * batch it joined. Throws `UNKNOWN_TOPIC`, `ENTRY_TOO_LARGE`, `UNAVAILABLE` when too much waits, `STORAGE_CLOSED`, or the
   * reason why the topic cannot be used; then nothing was appended.
   */
  append(topic: string, entry: Uint8Array): CommitTicket {
    return this.#topics.append(topic, entry)
  }

  /**
   * The next entry at the topic's shared cursor, which has durably passed it when this resolves; undefined at the end. What
   * was appended before the call, and is committed at last, is found. Rejects with `UNKNOWN_TOPIC`, `CORRUPT_DATA` when the
   * entry is damaged (the cursor stays there), or `TIMED_OUT`.
   */
  async get(topic: string): Promise<StoredEntry | undefined> {
    return await this.#topics.get(topic).next()
  }

  /**
   * The topic's segments and leaders. A rollover that has begun is waited for, so that whoever was acknowledged the entry
   * which filled a segment finds it sealed. Rejects with `UNKNOWN_TOPIC`.
   */
  async state(topic: string): Promise<TopicStateView> {
    // A topic that cannot be used still has a state: the newest one that is known.
    await this.#topics
      .find(topic)
      ?.whenOpen()
      .catch(() => undefined)
    const metadata = this.#context.metadata.state.topics.get(topic)
    if (metadata === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(topic))
    return viewTopicState(metadata)
  }

  /** The consensus of the metadata. */
  status(): ConsensusStatus {
    return this.#context.metadata.status()
  }

  /** The consensus with the original's field names. */
  metrics(): MetricsView {
    return viewMetrics(this.status(), this.#context.clock.wallMs())
  }

  /**
   * Waits for rollovers under way, at most `requestTimeoutMs`; then nothing is accepted any more, and what still waits fails
   * with `STORAGE_CLOSED`. Storage and metadata stay open: their owner closes them next. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async #stop(): Promise<void> {
    const { clock, limits } = this.#context
    this.#monitor?.cancel()
    await atMost(clock, limits.requestTimeoutMs, this.#topics.settled())
    this.#topics.close(nodeClosed())
  }

  #watch(): void {
    const { clock, limits } = this.#context
    this.#monitor = clock.after(limits.monitorIntervalMs, () => {
      this.#topics.tick()
      this.#watch()
    })
  }
}

function nodeClosed(): WalrusError {
  return new WalrusError('STORAGE_CLOSED', 'Cannot use this node: it is closed')
}

function contextOf(options: NodeOptions): NodeContext {
  const { nodeId, storage, metadata, clock } = options
  return {
    nodeId,
    storage,
    metadata,
    clock,
    limits: { ...DEFAULT_NODE_LIMITS, ...options.limits },
    segmentLimits: options.segmentLimits ?? {},
    report: options.report ?? (() => undefined),
  }
}

/** Placement and replica sets speak of nodes that metadata knows; so this node is in it before any topic is. */
async function announce({ metadata, nodeId }: NodeContext, address: string): Promise<void> {
  const known = metadata.state.nodes.get(nodeId)
  const node: NodeMetadata = { ...known, id: nodeId, address, role: 'voter', draining: false }
  if (known?.address === address && known.role === node.role && !known.draining) return
  const result = await metadata.propose({ kind: 'UpsertNode', node })
  if (result.outcome === 'rejected') {
    throw new WalrusError('INVALID_ARGUMENT', `Cannot announce node ${nodeId} at "${address}": ${result.detail}`)
  }
}
