import {
  endPosition,
  formatSegmentKey,
  planReplacement,
  reasonOf,
  WalrusError,
  type NodeId,
  type Replacement,
  type ReplacementView,
  type SegmentKey,
  type SegmentMetadata,
} from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { knownSegment } from './await-metadata.js'
import type { CopyQuestions } from './copy-questions.js'
import { proposeKnown } from './propose-known.js'
import { RepairQueue } from './repair-queue.js'
import { Sweep } from './sweep.js'

/**
 * On the leader of the metadata: gives sealed segments other replicas in place of those that have been dead for long, or that
 * leave. A node has a whole copy before it is named a replica, so a segment never has fewer copies than before.
 */
export class ReplicaReplacement {
  readonly #context: NodeContext
  readonly #questions: CopyQuestions
  readonly #queue: RepairQueue
  readonly #sweep: Sweep<SegmentKey>
  #closed = false

  constructor(context: NodeContext, questions: CopyQuestions) {
    this.#context = context
    this.#questions = questions
    this.#queue = new RepairQueue(context.limits.repairsMax, (key) => this.#work(key))
    const { clock, limits } = context
    const look = (key: SegmentKey): void => this.#look(key)
    this.#sweep = new Sweep({ clock, intervalMs: limits.repairIntervalMs, items: () => this.#toLookAt(), look })
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#sweep.stop()
    await this.#queue.close()
  }

  /** Sealed segments, if this node is to care for them and some node is gone, or goes. */
  *#toLookAt(): Iterable<SegmentKey> {
    const { metadata } = this.#context
    if (metadata.status().role !== 'Leader' || !this.#isAnyToReplace(this.#view())) return
    for (const topic of metadata.state.topics.values()) {
      for (const segment of topic.segments) {
        if (segment.state === 'sealed') yield { topic: topic.name, segment: segment.id }
      }
    }
  }

  #look(key: SegmentKey): void {
    const segment = knownSegment(this.#context, key)
    if (segment !== undefined && planReplacement(segment, this.#view()) !== undefined) this.#queue.add(key)
  }

  #view(): ReplacementView {
    const { metadata, liveness, limits } = this.#context
    const { nodes } = metadata.state
    const dead = [...nodes.keys()].filter((node) => liveness.silentMs(node) > limits.replaceDeadAfterMs)
    return { nodes, live: liveness.placeable(), dead: new Set(dead) }
  }

  /** Most of the time all nodes are there and stay: then no segment has to be looked at. */
  #isAnyToReplace({ nodes, dead }: ReplacementView): boolean {
    return dead.size > 0 || [...nodes.values()].some((node) => node.draining)
  }

  /** Never rejects: what fails now is tried again with the next sweep. */
  async #work(key: SegmentKey): Promise<void> {
    const segment = knownSegment(this.#context, key)
    const plan = segment?.state === 'sealed' ? planReplacement(segment, this.#view()) : undefined
    if (segment === undefined || plan === undefined || this.#closed) return
    try {
      await this.#replace(key, segment, plan)
    } catch (error) {
      const { topic, segment: id } = key
      this.#context.report('warn', 'a replica cannot be replaced yet', {
        topic,
        segment: id,
        node: plan.removed,
        reason: reasonOf(error),
      })
    }
  }

  async #replace(key: SegmentKey, segment: SegmentMetadata, { removed, added, after }: Replacement): Promise<void> {
    const { topic, segment: id } = key
    const { epoch, replicas: before } = segment
    if (endPosition(segment) > 0) {
      if (added !== undefined) await this.#copyTo(added, key, segment)
      await this.#assertWhole(after, key, segment)
    }
    const command = { kind: 'ReplaceReplicas', topic, segment: id, epoch, before, after } as const
    const result = await proposeKnown(this.#context, command, () => !this.#closed)
    if (result.outcome !== 'applied') return
    this.#context.report('info', 'a replica was replaced', { topic, segment: id, removed, added: added ?? 'none' })
  }

  async #copyTo(node: NodeId, key: SegmentKey, segment: SegmentMetadata): Promise<void> {
    const { epoch, entryCount, controlCount, replicas } = segment
    const sources = await this.#questions.wholeCopiesAmong(replicas, key)
    const [source] = sources
    if (source === undefined) throw this.#cannot(key, 'no replica has a whole copy')
    await this.#questions.copySegment(node, { ...key, epoch, source, entryCount, controlCount })
  }

  async #assertWhole(nodes: readonly NodeId[], key: SegmentKey, segment: SegmentMetadata): Promise<void> {
    const whole = await this.#questions.wholeCopiesAmong(nodes, key)
    const missing = Math.min(segment.ackQuorum, nodes.length) - whole.length
    if (missing > 0) throw this.#cannot(key, `${missing} more of the others must have a whole copy`)
  }

  #cannot(key: SegmentKey, reason: string): WalrusError {
    return new WalrusError('UNAVAILABLE', `Cannot replace a replica of "${formatSegmentKey(key)}": ${reason}`)
  }
}
