import {
  decideCopy,
  endPosition,
  formatSegmentKey,
  isOfTopic,
  lastSegment,
  majority,
  reasonOf,
  WalrusError,
  type MetadataCommand,
  type NodeId,
  type SegmentKey,
  type SegmentLog,
  type SegmentMetadata,
} from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { knownSegment } from './await-metadata.js'
import type { CopyQuestions } from './copy-questions.js'
import { RepairQueue } from './repair-queue.js'
import type { ReplicaCopies } from './replica-copies.js'
import type { SegmentCopier } from './segment-copier.js'
import { Sweep } from './sweep.js'

/** What repair works with. */
export interface RepairTools {
  readonly context: NodeContext
  readonly copies: ReplicaCopies
  readonly copier: SegmentCopier
  readonly questions: CopyQuestions
}

/**
 * Keeps what this node has stored as metadata says: each sealed segment of which it is a replica is whole and its end recorded;
 * of others it keeps nothing that the cluster does not need. Looks at a segment when metadata changes it, and at all of them now
 * and then.
 */
export class SegmentRepair {
  readonly #tools: RepairTools
  readonly #queue: RepairQueue
  readonly #unsubscribe: () => void
  readonly #sweep: Sweep<SegmentKey>
  /** Copies that somebody found damaged when reading them, by name. */
  readonly #damaged = new Set<string>()

  constructor(tools: RepairTools) {
    this.#tools = tools
    this.#queue = new RepairQueue(tools.context.limits.repairsMax, (key) => this.#work(key))
    this.#unsubscribe = tools.context.metadata.subscribe((command) => this.#follow(command))
    const { clock, limits } = tools.context
    const look = (key: SegmentKey): void => this.#look(key)
    this.#sweep = new Sweep({ clock, intervalMs: limits.repairIntervalMs, items: () => this.#toRepair(), look })
  }

  /** Completes this node's copy of a sealed segment now. Rejects when no other replica can give what it lacks. */
  async complete(key: SegmentKey): Promise<void> {
    const segment = knownSegment(this.#tools.context, key)
    if (segment?.state !== 'sealed') return
    await this.#tools.copies.find(key)?.log.drain()
    const log = this.#tools.copies.find(key)?.log
    switch (decideCopy(log, segment)) {
      case 'whole':
        this.#tools.copies.forget(key)
        return
      case 'seal':
        await log?.seal()
        break
      case 'truncate':
        await log?.truncateTail(endPosition(segment))
        this.#tools.context.trace?.record({ kind: 'truncated', ...keyOf(key), position: endPosition(segment) })
        break
      case 'complete':
        await this.#fetch(key, segment)
        break
      case 'renew':
        await this.#giveUp(key, segment)
        break
      case 'stranger':
        await this.#removeStranger(key)
        break
    }
    await this.complete(key)
  }

  /** This node's copy was found damaged: it is replaced as soon as it is known that another node can give all of it. */
  renew({ topic, segment }: SegmentKey): void {
    const key = { topic, segment }
    this.#damaged.add(formatSegmentKey(key))
    this.#queue.add(key)
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#sweep.stop()
    this.#unsubscribe()
    await this.#queue.close()
  }

  /** What is sealed and not whole here, and what is stored here and needed no longer. */
  *#toRepair(): Iterable<SegmentKey> {
    const { metadata, nodeId, storage } = this.#tools.context
    for (const topic of metadata.state.topics.values()) {
      for (const segment of topic.segments) {
        if (!segment.replicas.includes(nodeId) || segment.state !== 'sealed') continue
        yield { topic: topic.name, segment: segment.id }
      }
    }
    for (const log of storage.segments()) yield keyOf(log)
  }

  #look(key: SegmentKey): void {
    const { nodeId, storage } = this.#tools.context
    const segment = knownSegment(this.#tools.context, key)
    const log = storage.segment(key)
    if (log !== undefined && this.#isUnwanted(log)) return this.#queue.add(key)
    if (!segment?.replicas.includes(nodeId) || segment.state !== 'sealed') return
    if (decideCopy(log, segment) !== 'whole' || this.#damaged.has(formatSegmentKey(key))) this.#queue.add(key)
  }

  #follow(command: MetadataCommand): void {
    switch (command.kind) {
      case 'SealAndRoll':
      case 'ReplaceReplicas':
        this.#queue.add(keyOf(command))
        return
      case 'TrimTopic':
        for (const log of this.#stored(command.topic))
          if (log.segment <= command.upToSegment) this.#queue.add(keyOf(log))
        return
      case 'DeleteTopic':
        for (const log of this.#stored(command.topic)) if (this.#isUnwanted(log)) this.#remove(log)
        return
      case 'CreateTopic':
      case 'FenceSegment':
      case 'ConfigureTopic':
      case 'UpsertNode':
      case 'RemoveNode':
        return
    }
  }

  #stored(topic: string): readonly SegmentLog[] {
    return [...this.#tools.context.storage.segments()].filter((log) => log.topic === topic)
  }

  /** Never rejects: what fails now is tried again with the next sweep. */
  async #work(key: SegmentKey): Promise<void> {
    try {
      const segment = knownSegment(this.#tools.context, key)
      await this.#removeUnwanted(key, segment)
      if (!segment?.replicas.includes(this.#tools.context.nodeId)) return
      if (segment.state === 'sealed' && this.#damaged.has(formatSegmentKey(key))) await this.#giveUp(key, segment)
      await this.complete(key)
    } catch (error) {
      this.#tools.context.report('warn', 'a copy cannot be repaired yet', { ...keyOf(key), reason: reasonOf(error) })
    }
  }

  /** Any other replica will do; those that answer are asked first. */
  async #fetch(key: SegmentKey, segment: SegmentMetadata): Promise<void> {
    const { copier } = this.#tools
    let failure: unknown = new WalrusError(
      'UNAVAILABLE',
      `Cannot copy "${formatSegmentKey(key)}": no other node has it`,
    )
    for (const source of this.#others(segment)) {
      try {
        return await copier.complete(key, segment, { source, epoch: segment.epoch })
      } catch (error) {
        if (isDamage(error)) return await this.#giveUp(key, segment)
        failure = error
      }
    }
    throw failure
  }

  /** What is here is damaged. It goes only when it is of no use: when another node has all of it, and can read it. */
  async #giveUp(key: SegmentKey, segment: SegmentMetadata): Promise<void> {
    const { context, copies, copier, questions } = this.#tools
    const whole = await questions.wholeCopiesAmong(this.#others(segment), key)
    const source = await copier.findReadable(whole, key, segment)
    if (source === undefined) {
      throw new WalrusError('CORRUPT_DATA', `Cannot repair "${formatSegmentKey(key)}": no other node has a whole copy`)
    }
    context.report('warn', 'a damaged copy is replaced', { ...keyOf(key), source })
    await copies.remove(key)
    this.#damaged.delete(formatSegmentKey(key))
  }

  async #removeStranger(key: SegmentKey): Promise<void> {
    const { context, copies } = this.#tools
    context.report('warn', 'a copy of a deleted topic is removed', { ...keyOf(key) })
    await copies.remove(key)
  }

  #others({ replicas }: SegmentMetadata): readonly NodeId[] {
    const { nodeId, liveness } = this.#tools.context
    const live = liveness.live()
    const others = replicas.filter((node) => node !== nodeId)
    return [...others.filter((node) => live.has(node)), ...others.filter((node) => !live.has(node))]
  }

  /** What is stored of a segment that this node is no replica of, or that is of a deleted topic. */
  #isUnwanted(log: SegmentLog): boolean {
    const { metadata, nodeId } = this.#tools.context
    const topic = metadata.state.topics.get(log.topic)
    if (topic === undefined || !isOfTopic(topic, log)) return true
    const segment = knownSegment(this.#tools.context, log)
    if (segment !== undefined) return !segment.replicas.includes(nodeId) && segment.state === 'sealed'
    // A segment that is yet to come has a newer epoch than any that metadata knows.
    return log.epoch < lastSegment(topic).epoch
  }

  async #removeUnwanted(key: SegmentKey, segment: SegmentMetadata | undefined): Promise<void> {
    const { context, copier, questions } = this.#tools
    const log = context.storage.segment(key)
    if (log === undefined || !this.#isUnwanted(log) || copier.isExpected(key)) return
    // The topic may be one that this node is yet to hear of.
    if (!context.metadata.state.topics.has(key.topic)) await context.metadata.barrier()
    if (segment?.createdEpoch === log.epoch && endPosition(segment) > 0) {
      const whole = await questions.wholeCopiesAmong(segment.replicas, key)
      if (whole.length < majority(segment.replicas.length)) return
    }
    if (context.storage.segment(key) === log && this.#isUnwanted(log)) this.#remove(log)
  }

  #remove(log: SegmentLog): void {
    const { context, copies } = this.#tools
    const key = keyOf(log)
    context.report('debug', 'a copy is removed', { ...key, entryCount: log.entryCount })
    copies.remove(key).catch((error: unknown) => {
      context.report('warn', 'a copy cannot be removed', { ...key, reason: reasonOf(error) })
    })
  }
}

function keyOf({ topic, segment }: SegmentKey): SegmentKey {
  return { topic, segment }
}

function isDamage(error: unknown): boolean {
  return error instanceof WalrusError && error.code === 'CORRUPT_DATA'
}
