import {
  lastSegment,
  placeNextSegment,
  reasonOf,
  viewTopicState,
  WalrusError,
  type CommitTicket,
  type ConsensusStatus,
  type NodeId,
  type ReadLimits,
  type StoredEntry,
  type Timer,
  type TopicConfig,
  type TopicMetadata,
  type TopicStateView,
} from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import { Administration, type AdministrationOptions } from './administration/administration.js'
import type { SelfReport } from './administration/node-report.js'
import type { PreviousLife } from './leading/previous-life.js'
import { Retention } from './leading/retention.js'
import type { DiskRoom } from './liveness/disk-room.js'
import type { Heartbeats } from './liveness/heartbeats.js'
import type { ClusterContext } from './node-context.js'
import { atMost } from './pause.js'
import { servePeers } from './routing/peer-intake.js'
import { TopicRegistrar } from './routing/topic-registrar.js'
import { Topics } from './routing/topics.js'
import type { BinaryHandlers } from './session/binary-handlers.js'
import { nodeBinaryHandlers } from './session/node-binary-handlers.js'
import { viewMetrics, type MetricsView } from './session/metrics-view.js'

export interface ClusterNodeParts {
  readonly context: ClusterContext
  readonly heartbeats: Heartbeats
  readonly diskRoom: DiskRoom
  readonly previousLife: PreviousLife
  readonly topicConfig: TopicConfig
  readonly removeMember: AdministrationOptions['removeMember']
}

/** The use cases of a running node. Calls that reject or throw do so with a `WalrusError`, except for defects. */
export class ClusterNode {
  /** What operators do. */
  readonly administration: Administration
  readonly #parts: ClusterNodeParts
  readonly #context: ClusterContext
  readonly #topics: Topics
  readonly #registrar: TopicRegistrar
  /** What each binary command means for this node. */
  readonly binary: BinaryHandlers
  readonly #retention: Retention
  readonly #unsubscribe: () => void
  #monitor: Timer | undefined
  #closing: Promise<void> | undefined

  /** For `openNode`. */
  constructor(parts: ClusterNodeParts) {
    const { context, previousLife, diskRoom } = parts
    this.#parts = parts
    this.#context = context
    this.#topics = new Topics({ context, previousLife, onDiskFull: () => diskRoom.noteFull() })
    diskRoom.onFull(() => void this.#rollAway())
    this.#registrar = new TopicRegistrar(context, this.#topics, parts.topicConfig)
    servePeers(context, this.#topics)
    this.administration = new Administration({
      context,
      topics: this.#topics,
      report: () => this.#report(),
      removeMember: parts.removeMember,
    })
    const { administration } = this
    this.binary = nodeBinaryHandlers({ context, topics: this.#topics, registrar: this.#registrar, administration })
    this.#retention = new Retention(context, (key, segment) => this.administration.sealedSize(key, segment))
    this.#unsubscribe = context.metadata.subscribe((command) => {
      if (command.kind !== 'UpsertNode' || !command.node.draining) return
      if (command.node.id === context.nodeId) void this.#rollAway()
      else void this.#rollOff()
    })
    this.#watch()
    void previousLife.fenceAll()
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
   * Appends a copy of the entry, here or on the node that leads the topic. The order of the calls is the order in the topic.
   * While the topic's segment is replaced or led elsewhere the entry waits, up to `requestTimeoutMs`, and has a ticket of its
   * own; else its ticket is that of the batch it joined. Throws `UNKNOWN_TOPIC`, `ENTRY_TOO_LARGE`, `UNAVAILABLE` when too
   * much waits, `STORAGE_CLOSED`, or the reason why the topic cannot be used; then nothing was appended.
   */
  append(topic: string, entry: Uint8Array): CommitTicket {
    return this.#topics.append(topic, entry)
  }

  /**
   * The next entry at the topic's shared cursor, one for the whole cluster, which has durably passed it when this resolves;
   * undefined at the end. What was appended before the call, and is committed at last, is found. Rejects with
   * `UNKNOWN_TOPIC`, `CORRUPT_DATA` when the entry is damaged (the cursor stays there), or `TIMED_OUT` or `UNAVAILABLE`: then
   * the cursor may have passed an entry that nobody gets.
   */
  async get(topic: string): Promise<StoredEntry | undefined> {
    return await this.#topics.get(topic).takes.next()
  }

  /**
   * Committed entries from a topic offset on, all of one segment; the first is the next one that retention left. Empty at the
   * end. Touches no cursor, and asks another node only for what this one does not have, or does not know to be committed.
   * Rejects with `UNKNOWN_TOPIC`, `CORRUPT_DATA`, or `UNAVAILABLE` when nobody who has the entry can be reached.
   */
  async fetch(topic: string, offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    return await this.#topics.reader.read(topic, offset, limits)
  }

  /**
   * The topic's segments and leaders. A rollover that has begun here is waited for, so that whoever was acknowledged the entry
   * which filled a segment finds it sealed. Rejects with `UNKNOWN_TOPIC`.
   */
  async state(topic: string): Promise<TopicStateView> {
    const { clock, limits, metadata } = this.#context
    const runtime = this.#topics.get(topic)
    await runtime.known()
    if (runtime.isRolling) await atMost(clock, limits.requestTimeoutMs, runtime.settled())
    const known = metadata.state.topics.get(topic)
    if (known === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(topic))
    return viewTopicState(known)
  }

  /** The consensus of the metadata. */
  status(): ConsensusStatus {
    return this.#context.metadata.status()
  }

  /** The consensus with the original's field names. */
  metrics(): MetricsView {
    return viewMetrics(this.status(), this.#context.clock.wallMs())
  }

  /** It hears a majority of the voters, so that topics can be written here or be handed to whoever leads them. */
  get ready(): boolean {
    return this.#closing === undefined && this.#context.lease.held
  }

  /**
   * Prepares to stop: this node is given no new segment, and the open ones that it leads are ended and handed on to others, as
   * far as there are any. Resolves when that is done, or after about `requestTimeoutMs`. Requests go on being served.
   */
  async drain(): Promise<void> {
    this.#parts.heartbeats.leaving = true
    await atMost(this.#context.clock, this.#context.limits.requestTimeoutMs, this.#rollAway())
  }

  /**
   * Waits for rollovers under way, at most `requestTimeoutMs`; then nothing is accepted any more, and what still waits fails
   * with `STORAGE_CLOSED`. Storage, metadata and peers stay open: their owner closes them next. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async #stop(): Promise<void> {
    const { clock, limits, lease, replication, trace } = this.#context
    this.#monitor?.cancel()
    this.#parts.diskRoom.close()
    this.#unsubscribe()
    await atMost(clock, limits.requestTimeoutMs, this.#topics.settled())
    this.#topics.close(nodeClosed())
    this.#parts.previousLife.close()
    lease.close()
    this.#parts.heartbeats.close()
    await replication.close()
    trace?.record({ kind: 'node-closed' })
  }

  #report(): SelfReport {
    const { leaving, diskFull } = this.#parts.heartbeats
    const { role, term } = this.status()
    return { role, term, version: this.#context.metadata.state.version, ready: this.ready, leaving, diskFull }
  }

  #watch(): void {
    const { clock, limits } = this.#context
    this.#monitor = clock.after(limits.monitorIntervalMs, () => {
      this.#topics.tick()
      this.#trim()
      void this.#rollOff()
      this.#watch()
    })
  }

  #trim(): void {
    const { topics } = this.#context.metadata.state
    for (const { segment } of this.#topics.led()) {
      const topic = segment && topics.get(segment.topic)
      if (topic !== undefined) void this.#retention.check(topic, segment?.sizeBytes ?? 0)
    }
  }

  /** What this node leads goes to others. Never rejects. */
  async #rollAway(): Promise<void> {
    await this.#rollAll([...this.#context.metadata.state.topics.values()].filter((topic) => this.#canHandOn(topic)))
  }

  /**
   * Only a segment that follows has other replicas than an open one: what this node leads, and a node copies that is to leave the
   * cluster, ends here. Never rejects.
   */
  async #rollOff(): Promise<void> {
    const { nodes, topics } = this.#context.metadata.state
    const leaving = [...nodes.values()].filter(({ draining }) => draining).map(({ id }) => id)
    if (leaving.length === 0) return
    const isLeft = (topic: TopicMetadata): boolean => lastSegment(topic).replicas.some((id) => leaving.includes(id))
    await this.#rollAll([...topics.values()].filter((topic) => isLeft(topic) && this.#canReplace(topic)))
  }

  /** Never rejects. */
  async #rollAll(waiting: TopicMetadata[]): Promise<void> {
    const workers = Array.from({ length: ROLLOVERS_AT_ONCE }, async () => {
      for (let topic = waiting.pop(); topic !== undefined; topic = waiting.pop()) await this.#handOn(topic.name)
    })
    await Promise.all(workers)
  }

  async #handOn(topic: string): Promise<void> {
    try {
      await this.#topics.get(topic).roll()
    } catch (error) {
      this.#context.report('warn', 'cannot hand a topic on', { topic, reason: reasonOf(error) })
    }
  }

  /** This node leads the topic, and there is another one that can. */
  #canHandOn(topic: TopicMetadata): boolean {
    return this.#canReplace(topic, this.#context.nodeId)
  }

  /** This node leads the topic, and there is one that can lead what follows, other than `except`. */
  #canReplace(topic: TopicMetadata, except?: NodeId): boolean {
    const { nodeId, metadata, liveness } = this.#context
    const { leader, state } = lastSegment(topic)
    if (leader !== nodeId || state !== 'open') return false
    const live = new Set([...liveness.placeable()].filter((node) => node !== except))
    return placeNextSegment({ nodes: metadata.state.nodes, live }, nodeId, 1) !== undefined
  }
}

const ROLLOVERS_AT_ONCE = 64

function nodeClosed(): WalrusError {
  return new WalrusError('STORAGE_CLOSED', 'Cannot use this node: it is closed')
}
