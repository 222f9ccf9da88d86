import {
  lastSegment,
  reasonOf,
  segmentById,
  topicNameFault,
  WalrusError,
  type MetadataCommand,
  type MetadataResult,
  type NodeId,
  type SealedSize,
  type SegmentKey,
  type SegmentMetadata,
  type TopicConfig,
  type TopicMetadata,
} from '@walrus/core'
import { timedOutMessage, unknownTopicMessage } from '@walrus/protocol'
import { sizeHere } from '../leading/retention.js'
import type { ClusterContext } from '../node-context.js'
import type { ForcedSeal } from '../open-segment.js'
import { backoffMs, pause, within } from '../pause.js'
import type { Topics } from '../routing/topics.js'
import { AdminQuestions } from './admin-questions.js'
import { viewNode, type ClusterStatusView } from './cluster-status.js'
import type { SelfReport } from './node-report.js'

export interface AdministrationOptions {
  readonly context: ClusterContext
  readonly topics: Topics
  /** What this node says of itself now. */
  readonly report: () => SelfReport
  /** Takes a node that keeps nothing any more out of the cluster for ever. */
  readonly removeMember: (id: NodeId, timeoutMs: number) => Promise<void>
}

/** One line about a topic. */
export interface TopicSummary {
  readonly topic: string
  readonly segment: number
  readonly state: 'open' | 'recovering' | 'sealed'
  readonly leader: NodeId
  readonly replicas: readonly NodeId[]
  /** Entries in sealed segments, also those that retention has dropped since. */
  readonly sealedEntries: number
}

/** What operators do, through whichever node. Calls reject with a `WalrusError`, except for defects. */
export class Administration {
  readonly #options: AdministrationOptions
  readonly #questions: AdminQuestions

  constructor(options: AdministrationOptions) {
    this.#options = options
    const { context } = options
    this.#questions = new AdminQuestions(context, {
      report: options.report,
      roll: (topic) => this.#rollHere(topic),
      sealedSize: (key) => this.#sizeHere(key),
    })
  }

  /** Size and age of a sealed segment, from any node that has a whole copy; undefined when none says. */
  async sealedSize(key: SegmentKey, segment: SegmentMetadata): Promise<SealedSize | undefined> {
    for (const node of segment.replicas) {
      if (node === this.#options.context.nodeId) continue
      const size = await this.#questions.sealedSize(node, key).catch(() => undefined)
      if (size !== undefined) return size
    }
    return undefined
  }

  /** All topics, by name. */
  listTopics(): TopicSummary[] {
    const topics = [...this.#options.context.metadata.state.topics.values()]
    return topics.map(summaryOf).sort((left, right) => (left.topic < right.topic ? -1 : 1))
  }

  /** Changes what is given and leaves the rest; for the segments to come where it is about their copies. */
  async configureTopic(name: string, changes: Partial<TopicConfig>): Promise<TopicConfig> {
    const config = { ...this.#topic(name).config, ...changes }
    await this.#decide(() => ({ kind: 'ConfigureTopic', topic: name, config }))
    return config
  }

  /** The topic and all its entries are gone when it resolves; copies on other nodes follow. */
  async deleteTopic(name: string): Promise<void> {
    this.#topic(name)
    await this.#decide(() => {
      const topic = this.#options.context.metadata.state.topics.get(name)
      return topic && { kind: 'DeleteTopic', topic: name, epoch: lastSegment(topic).epoch }
    })
  }

  /** Ends the topic's open segment, full or not, wherever it is led; resolves with the number of the next one. */
  async rollTopic(name: string): Promise<number> {
    const { leader, id, state } = lastSegment(this.#topic(name))
    if (state !== 'open')
      throw new WalrusError('UNAVAILABLE', `Cannot roll "${name}": segment ${id} is being recovered`)
    if (leader === this.#options.context.nodeId) await this.#rollHere(name)
    else await this.#questions.roll(leader, name)
    try {
      return (await this.#options.topics.reaching(name, id + 1)).route.segment
    } catch (error) {
      throw new WalrusError('TIMED_OUT', timedOutMessage(`segment ${id} of "${name}" is not ended yet`), error)
    }
  }

  /** Seals the last segment with what can be reached; says what that may lose. */
  async forceSeal(name: string): Promise<ForcedSeal> {
    this.#topic(name)
    return await this.#options.context.replication.forceSeal(name)
  }

  /** Every node of the metadata, with what it says of itself, as far as it answers within `leaseMs`. */
  async clusterStatus(): Promise<ClusterStatusView> {
    const { metadata, nodeId, liveness } = this.#options.context
    const status = metadata.status()
    const nodes = [...metadata.state.nodes.values()].sort((left, right) => left.id - right.id)
    const live = liveness.live()
    const views = nodes.map(async (node) => viewNode(metadata.state, node, live, await this.#report(node.id)))
    const { term, leader } = status
    return { node: nodeId, term, leader, version: metadata.state.version, nodes: await Promise.all(views) }
  }

  /** The node is given no new segment, and hands on those that it leads; or, with false, takes part again. */
  async drainNode(id: NodeId, draining = true): Promise<void> {
    await this.#decide(() => {
      const node = this.#options.context.metadata.state.nodes.get(id)
      if (node === undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot drain node ${id}: it is unknown`)
      return { kind: 'UpsertNode', node: { ...node, draining } }
    })
  }

  /**
   * Drains the node, waits until others keep all that it kept, and takes it out of the cluster for ever. Rejects with
   * `TIMED_OUT` when that takes longer; then the node stays draining, and the call may be repeated; also for one that is out.
   */
  async removeNode(id: NodeId, timeoutMs: number): Promise<void> {
    const { clock, metadata, limits } = this.#options.context
    const deadlineMs = clock.monotonicMs() + timeoutMs
    if (!metadata.state.removedNodes.has(id)) await this.drainNode(id)
    for (let held = segmentsOn(metadata.state.topics.values(), id); held > 0;) {
      if (clock.monotonicMs() >= deadlineMs) {
        throw new WalrusError(
          'TIMED_OUT',
          timedOutMessage(`node ${id} still keeps ${held} segments; it goes on draining`),
        )
      }
      await pause(clock, limits.heartbeatMs)
      held = segmentsOn(metadata.state.topics.values(), id)
    }
    await this.#options.removeMember(id, Math.max(limits.requestTimeoutMs, deadlineMs - clock.monotonicMs()))
  }

  async #rollHere(name: string): Promise<void> {
    await this.#options.topics.get(name).roll()
  }

  #sizeHere(key: SegmentKey): SealedSize | undefined {
    const { context } = this.#options
    const topic = context.metadata.state.topics.get(key.topic)
    const segment = topic && segmentById(topic, key.segment)
    return segment && sizeHere(context, key, segment)
  }

  async #report(id: NodeId): Promise<SelfReport | undefined> {
    if (id === this.#options.context.nodeId) return this.#options.report()
    try {
      return await this.#questions.report(id)
    } catch {
      return undefined // What it does not say is not shown.
    }
  }

  /** Proposes until the outcome is known, at most `requestTimeoutMs`; no command: it is done already. */
  async #decide(commandNow: () => MetadataCommand | undefined): Promise<void> {
    const { clock, metadata, limits } = this.#options.context
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    for (let attempt = 1; ; attempt += 1) {
      const command = commandNow()
      if (command === undefined) return
      try {
        const leftMs = Math.max(0, deadlineMs - clock.monotonicMs())
        const late = (): WalrusError => new WalrusError('TIMED_OUT', 'no quorum has answered')
        const result = await within(clock, leftMs, metadata.propose(command), late)
        if (result.outcome !== 'rejected') return
        if (!isOvertaken(result)) throw refused(command, result.detail)
      } catch (error) {
        if (!isPassing(error)) throw error
        if (clock.monotonicMs() >= deadlineMs) {
          throw new WalrusError('TIMED_OUT', timedOutMessage(`${command.kind}: ${reasonOf(error)}`), error)
        }
      }
      await pause(clock, backoffMs(attempt, limits))
    }
  }

  #topic(name: string): TopicMetadata {
    const fault = topicNameFault(name)
    if (fault !== undefined) throw new WalrusError('INVALID_TOPIC', `invalid topic: "${name}": ${fault}`)
    const topic = this.#options.context.metadata.state.topics.get(name)
    if (topic === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(name))
    return topic
  }
}

function summaryOf(topic: TopicMetadata): TopicSummary {
  const { id: segment, state, leader, replicas, baseOffset } = lastSegment(topic)
  return { topic: topic.name, segment, state, leader, replicas, sealedEntries: baseOffset }
}

function segmentsOn(topics: Iterable<TopicMetadata>, node: NodeId): number {
  let held = 0
  for (const topic of topics) for (const segment of topic.segments) if (segment.replicas.includes(node)) held += 1
  return held
}

/** The topic has gone on since the command was made. */
function isOvertaken(result: MetadataResult): boolean {
  return result.outcome === 'rejected' && result.reason === 'stale-epoch'
}

function refused({ kind }: MetadataCommand, detail: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot apply ${kind}: ${detail}`)
}

function isPassing(error: unknown): boolean {
  return error instanceof WalrusError && (error.code === 'UNAVAILABLE' || error.code === 'TIMED_OUT')
}
