import {
  endPosition,
  formatSegmentKey,
  WalrusError,
  type NodeId,
  type SegmentCounts,
  type SegmentKey,
  type SegmentMetadata,
} from '@walrus/core'
import { CLUSTER_REQUESTS, fetchBatchesAnswer, fetchBatchesRequest, type FetchBatchesAnswer } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { knownSegment } from './await-metadata.js'
import type { ReplicaCopies } from './replica-copies.js'
import { recordsIn, type ReplicaCopy } from './replica-copy.js'

/** Where a copy comes from, and what makes it worth having. */
export interface CopyOrigin {
  readonly source: NodeId
  /** The segment's epoch: when it changes, somebody else has decided anew. */
  readonly epoch: number
}

/** Completes copies of fenced and sealed segments from other nodes; each by one call at a time. */
export class SegmentCopier {
  readonly #context: NodeContext
  readonly #copies: ReplicaCopies
  readonly #underWay = new Map<string, Promise<void>>()
  /** Copies that this node was asked to have, and that metadata may soon name it a replica for; until that time. */
  readonly #expectedUntilMs = new Map<string, number>()
  #closed = false

  constructor(context: NodeContext, copies: ReplicaCopies) {
    this.#context = context
    this.#copies = copies
  }

  /** Somebody needs the copy though this node is no replica of the segment, or not yet. */
  isExpected(key: SegmentKey): boolean {
    const name = formatSegmentKey(key)
    const untilMs = this.#expectedUntilMs.get(name) ?? -Infinity
    if (this.#underWay.has(name) || this.#context.clock.monotonicMs() < untilMs) return true
    this.#expectedUntilMs.delete(name)
    return false
  }

  /**
   * Resolves when this node has, durably, all records of the segment up to `counts`. Rejects with `UNAVAILABLE` or `TIMED_OUT`
   * when the source cannot be read or is no longer than what is here, and with `NOT_LEADER` when the segment has changed, or was
   * sealed before that end.
   */
  complete(key: SegmentKey, counts: SegmentCounts, origin: CopyOrigin): Promise<void> {
    const name = formatSegmentKey(key)
    const before = this.#underWay.get(name) ?? Promise.resolve()
    const next = before
      .catch(() => undefined)
      .then(() => this.#complete(key, endPosition(counts), origin))
      .finally(() => {
        if (this.#underWay.get(name) === next) this.#underWay.delete(name)
      })
    this.#underWay.set(name, next)
    return next
  }

  /** The first of the nodes that can read all of the segment; nothing is stored of it. */
  async findReadable(nodes: readonly NodeId[], key: SegmentKey, counts: SegmentCounts): Promise<NodeId | undefined> {
    for (const node of nodes) if (await this.#isReadable(node, key, endPosition(counts))) return node
    return undefined
  }

  async #isReadable(node: NodeId, key: SegmentKey, end: number): Promise<boolean> {
    try {
      for (let position = 0; position < end && !this.#closed;) {
        const { batches } = await this.#fetch(key, position, node)
        if (batches.length === 0) return false
        position += batches.reduce((records, batch) => records + recordsIn(batch), 0)
      }
      return !this.#closed
    } catch {
      return false
    }
  }

  /** Nothing more is fetched. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay.values())
  }

  async #complete(key: SegmentKey, end: number, origin: CopyOrigin): Promise<void> {
    await this.#copies.find(key)?.log.drain()
    this.#assertWanted(key, end, origin)
    for (let position = this.#positionOf(key); position < end; position = this.#positionOf(key)) {
      const answer = await this.#fetch(key, position, origin.source)
      const { createdEpoch } = this.#assertWanted(key, end, origin)
      if (answer.createdEpoch !== createdEpoch)
        throw this.#cannot(key, `node ${origin.source} has a copy of another topic with the same name`)
      // The segment's leader may still send it, too.
      if (this.#positionOf(key) !== position) continue
      const copy = this.#copies.find(key) ?? this.#create(key, answer)
      if (copy.log.epoch !== createdEpoch) throw await this.#removeStranger(copy, createdEpoch)
      if (appendUpTo(copy, answer.batches, end) === 0)
        throw this.#cannot(key, `node ${origin.source} has no more of it`)
      this.#traceFetched(copy, position, origin)
      await copy.durable()
      this.#traceCopied(copy, origin)
      this.#assertWanted(key, end, origin)
    }
    await this.#copies.find(key)?.durable()
    this.#expect(key)
  }

  #traceFetched({ log, position: end }: ReplicaCopy, position: number, { epoch, source }: CopyOrigin): void {
    const { topic, segment } = log
    this.#context.trace?.record({ kind: 'fetched', topic, segment, epoch, source, position, end })
  }

  #traceCopied({ log }: ReplicaCopy, { epoch }: CopyOrigin): void {
    const { topic, segment, position } = log
    this.#context.trace?.record({ kind: 'copied', topic, segment, epoch, position })
  }

  #expect(key: SegmentKey): void {
    const { clock, limits, nodeId } = this.#context
    if (knownSegment(this.#context, key)?.replicas.includes(nodeId)) return
    this.#expectedUntilMs.set(formatSegmentKey(key), clock.monotonicMs() + 2 * limits.copyTimeoutMs)
  }

  #positionOf(key: SegmentKey): number {
    return this.#copies.find(key)?.position ?? 0
  }

  #create(key: SegmentKey, { baseOffset, createdEpoch: epoch, topicState }: FetchBatchesAnswer): ReplicaCopy {
    const { topic, segment } = key
    return this.#copies.create({ topic, segment, baseOffset, epoch, topicState })
  }

  async #fetch(key: SegmentKey, position: number, source: NodeId): Promise<FetchBatchesAnswer> {
    const { peers, limits } = this.#context
    const question = fetchBatchesRequest.encode({ ...key, position, maxBytes: limits.stretchBytesMax })
    const payload = await peers.request(source, CLUSTER_REQUESTS.fetchBatches, question, limits.requestTimeoutMs)
    const answer = fetchBatchesAnswer.decode(payload)
    if (typeof answer === 'string') throw this.#cannot(key, `the answer of node ${source} is no answer: ${answer}`)
    return answer
  }

  /** Created under an older epoch than the segment, it is of a deleted topic with the same name. */
  async #removeStranger({ log }: ReplicaCopy, createdEpoch: number): Promise<WalrusError> {
    if (log.epoch < createdEpoch) {
      const { topic, segment, entryCount } = log
      this.#context.report('warn', 'a copy of a deleted topic is removed', { topic, segment, entryCount })
      await this.#copies.remove(log)
    }
    return this.#cannot(log, `what is here was created under epoch ${log.epoch}, and the segment under ${createdEpoch}`)
  }

  /** Two coordinators may recover a segment under one epoch: once one of them has had it sealed, its end is not the other's. */
  #assertWanted(key: SegmentKey, end: number, { epoch }: CopyOrigin): SegmentMetadata {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', 'Cannot copy a segment: this node is closed')
    const segment = knownSegment(this.#context, key)
    if (segment?.epoch === epoch && segment.state !== 'open' && !isBehindEnd(segment, end)) return segment
    throw new WalrusError('NOT_LEADER', `Cannot copy segment "${formatSegmentKey(key)}": it has changed meanwhile`)
  }

  #cannot(key: SegmentKey, reason: string): WalrusError {
    return new WalrusError('UNAVAILABLE', `Cannot copy segment "${formatSegmentKey(key)}": ${reason}`)
  }
}

function isBehindEnd(segment: SegmentMetadata, position: number): boolean {
  return segment.state === 'sealed' && position > endPosition(segment)
}

/** How many of the batches, which come next, were appended: those that end at `end` or before. */
function appendUpTo(copy: ReplicaCopy, batches: readonly Uint8Array[], end: number): number {
  let count = 0
  for (const batch of batches) {
    if (copy.position + recordsIn(batch) > end) break
    copy.append(batch)
    count += 1
  }
  return count
}
