import {
  decideReplicate,
  endPosition,
  formatSegmentKey,
  WalrusError,
  EMPTY_TOPIC_STATE,
  type NodeId,
  type SegmentKey,
  type SegmentMetadata,
} from '@walrus/core'
import type {
  CopySegmentAnswer,
  CopySegmentRequest,
  FenceAnswer,
  FenceRequest,
  FetchBatchesAnswer,
  FetchBatchesRequest,
  ReplicateAnswer,
  ReplicateRequest,
  WholeCopyAnswer,
} from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { awaitSegment, knownSegment } from './await-metadata.js'
import type { ReplicaCopies } from './replica-copies.js'
import { recordsIn, type ReplicaCopy } from './replica-copy.js'
import type { SegmentCopier } from './segment-copier.js'

export interface ReplicaServiceParts {
  readonly context: NodeContext
  readonly copies: ReplicaCopies
  readonly copier: SegmentCopier
  /** This node writes the segment no longer, if it does: it was fenced. */
  readonly stopLeading: (key: SegmentKey) => void
}

/** What a node does as a replica of segments: it copies what their leaders send, and tells what it has. */
export class ReplicaService {
  readonly #context: NodeContext
  readonly #copies: ReplicaCopies
  readonly #copier: SegmentCopier
  readonly #stopLeading: ReplicaServiceParts['stopLeading']

  constructor({ context, copies, copier, stopLeading }: ReplicaServiceParts) {
    this.#context = context
    this.#copies = copies
    this.#copier = copier
    this.#stopLeading = stopLeading
  }

  /** Takes a stretch of a segment's log; resolves when it is on stable storage, or was not taken. */
  async replicate(request: ReplicateRequest, from: NodeId): Promise<ReplicateAnswer> {
    await awaitSegment(this.#context, request, ({ epoch }) => epoch >= request.epoch)
    const segment = this.#segment(request)
    if (segment.epoch > request.epoch) return { result: 'stale', value: segment.epoch }
    this.#assertReplicaOf(segment, request, from)
    const copy = this.#copyFor(request)
    if (copy === undefined) return { result: request.batches.length === 0 ? 'durable' : 'gap', value: 0 }
    const decision = decideReplicate({ epoch: copy.log.fencedEpoch, position: copy.position }, request)
    if (decision.kind === 'stale') return { result: 'stale', value: decision.epoch }
    if (decision.kind === 'gap') return { result: 'gap', value: decision.position }
    for (const batch of request.batches) copy.append(batch)
    copy.committedCount = Math.max(copy.committedCount, request.committedCount)
    const { position } = copy
    this.#trace('taken', request, position)
    await copy.durable()
    this.#trace('stored', request, position)
    return { result: 'durable', value: position }
  }

  /**
   * Refuses whatever is older than `epoch`, also after a restart: the metadata here knows the epoch by then, and one copy among
   * others has it on stable storage. The counts are of what is durable.
   */
  async fence(request: FenceRequest): Promise<FenceAnswer> {
    await awaitSegment(this.#context, request, ({ epoch }) => epoch >= request.epoch)
    const segment = this.#segment(request)
    // Whoever may ask has had the segment fenced: metadata says so, under the very epoch.
    if (segment.epoch > request.epoch || segment.state !== 'recovering') {
      const name = formatSegmentKey(request)
      throw new WalrusError('NOT_LEADER', `Cannot fence segment "${name}": it is ${segment.state} at ${segment.epoch}`)
    }
    this.#stopLeading(request)
    const log = this.#copies.find(request)?.log
    if (log === undefined) return this.#fenced(request, { ...NO_COUNTS, damaged: false })
    const damaged = log.damagedFrom !== undefined
    // A damaged copy takes nothing, whatever the epoch; and no mark can be left in it. An only copy is written by this node alone,
    // whose next life knows by the metadata that it is over.
    if (!damaged && segment.replicas.length > 1) await log.fence(request.epoch)
    await log.drain()
    const { epoch: createdEpoch, entryCount, position } = log
    return this.#fenced(request, { createdEpoch, entryCount, controlCount: position - entryCount, damaged })
  }

  #fenced({ topic, segment, epoch }: FenceRequest, answer: FenceAnswer): FenceAnswer {
    const { createdEpoch, entryCount, controlCount, damaged } = answer
    // What is damaged counts for nobody.
    if (!damaged)
      this.#context.trace?.record({ kind: 'fenced', topic, segment, epoch, createdEpoch, entryCount, controlCount })
    return answer
  }

  /** Batches of this node's copy; rejects with `UNAVAILABLE` when there is none, and with `CORRUPT_DATA`. */
  async fetchBatches(request: FetchBatchesRequest): Promise<FetchBatchesAnswer> {
    const log = this.#copies.find(request)?.log
    if (log === undefined) throw this.#noCopy(request)
    const maxBytes = Math.min(request.maxBytes, this.#context.limits.stretchBytesMax)
    const batches = await log.readBatches(request.position, maxBytes)
    const topicState = request.position === 0 ? await log.stateAt(0) : EMPTY_TOPIC_STATE
    const { baseOffset, epoch: createdEpoch } = log
    return { baseOffset, createdEpoch, topicState, batches: batches.map(({ bytes }) => bytes) }
  }

  /** Completes this node's copy of a fenced or sealed segment; resolves when that is durable. */
  async copySegment(request: CopySegmentRequest): Promise<CopySegmentAnswer> {
    await awaitSegment(this.#context, request, ({ epoch }) => epoch >= request.epoch)
    const segment = this.#segment(request)
    if (segment.epoch !== request.epoch || segment.state === 'open') {
      const name = formatSegmentKey(request)
      throw new WalrusError('NOT_LEADER', `Cannot copy segment "${name}": it is ${segment.state} at ${segment.epoch}`)
    }
    await this.#copier.complete(request, request, { source: request.source, epoch: request.epoch })
    return { positionEnd: endPosition(request) }
  }

  /** Whether this node has all of a sealed segment. */
  async wholeCopy(key: SegmentKey): Promise<WholeCopyAnswer> {
    await awaitSegment(this.#context, key, ({ state }) => state === 'sealed')
    const segment = this.#segment(key)
    const log = this.#copies.find(key)?.log
    const whole = log?.epoch === segment.createdEpoch && log.position === endPosition(segment)
    return { whole, topicState: whole ? await log.stateAt(log.position) : EMPTY_TOPIC_STATE }
  }

  #trace(kind: 'taken' | 'stored', { batches, position, ...request }: ReplicateRequest, end: number): void {
    const { trace } = this.#context
    if (trace === undefined || batches.length === 0) return
    const segment = { topic: request.topic, segment: request.segment, epoch: request.epoch }
    trace.record(kind === 'taken' ? { kind, ...segment, position, end } : { kind, ...segment, position: end })
  }

  #segment(key: SegmentKey): SegmentMetadata {
    const segment = knownSegment(this.#context, key)
    if (segment !== undefined) return segment
    throw new WalrusError('UNAVAILABLE', `Cannot use segment "${formatSegmentKey(key)}": it was deleted`)
  }

  /** What the leader sends goes to its replicas only, and not beyond the end that metadata knows. */
  #assertReplicaOf(segment: SegmentMetadata, request: ReplicateRequest, from: NodeId): void {
    const what = `Cannot replicate segment "${formatSegmentKey(request)}"`
    const { nodeId } = this.#context
    if (segment.leader !== from || nodeId === from || !segment.replicas.includes(nodeId)) {
      throw new WalrusError('INVALID_ARGUMENT', `${what}: node ${from} does not lead it, or this is no replica`)
    }
    const end = request.batches.reduce((position, batch) => position + recordsIn(batch), request.position)
    if (segment.state === 'sealed' && end > endPosition(segment)) {
      throw new WalrusError('SEGMENT_SEALED', `${what}: it is sealed at position ${endPosition(segment)}`)
    }
  }

  /** The copy that the stretch is for; created by the first stretch. Undefined when there is none and this is not the first. */
  #copyFor(request: ReplicateRequest): ReplicaCopy | undefined {
    const { topic, segment, baseOffset, epoch, startState, position, batches } = request
    const copy = this.#copies.find(request)
    if (copy !== undefined && copy.log.epoch !== epoch) throw this.#removeStranger(copy)
    if (copy !== undefined || position > 0 || batches.length === 0 || startState === undefined) return copy
    return this.#copies.create({ topic, segment, baseOffset, epoch, topicState: startState })
  }

  /** Every copy of a segment is created under its one epoch: this one is of a deleted topic with the same name. */
  #removeStranger({ log }: ReplicaCopy): WalrusError {
    const { topic, segment, entryCount } = log
    this.#context.report('warn', 'a copy of a deleted topic is removed', { topic, segment, entryCount })
    void this.#copies.remove(log)
    return new WalrusError(
      'UNAVAILABLE',
      `Cannot replicate segment "${formatSegmentKey(log)}": an older copy is in the way`,
    )
  }

  #noCopy(key: SegmentKey): WalrusError {
    const name = formatSegmentKey(key)
    return new WalrusError('UNAVAILABLE', `Cannot read segment "${name}": node ${this.#context.nodeId} has no copy`)
  }
}

const NO_COUNTS = { createdEpoch: 0, entryCount: 0, controlCount: 0 } as const
