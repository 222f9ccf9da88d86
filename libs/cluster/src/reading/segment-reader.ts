import {
  nextRead,
  reasonOf,
  segmentById,
  WalrusError,
  type NodeId,
  type ReadLimits,
  type SegmentKey,
  type SegmentMetadata,
  type StoredEntry,
} from '@walrus/core'
import { CLUSTER_REQUESTS, entriesAnswer, readRequest, unknownTopicMessage, type ReadRequest } from '@walrus/protocol'
import { checkSegment, damagedSegment } from '../leading/segment-check.js'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { storedCopy } from '../stored-copy.js'
import { ReadTurns } from './read-turns.js'

export interface SegmentReaderOptions {
  readonly context: ClusterContext
  /** The segment, if this node leads it now. */
  readonly openSegment: (key: SegmentKey) => OpenSegment | undefined
  /** This node's copy is damaged, and there are others that it can be repaired from. */
  readonly onDamage: (key: SegmentKey) => void
}

/** Reads committed entries of a topic where they lie: here if possible, and else on a node that has a copy. */
export class SegmentReader {
  readonly #context: ClusterContext
  readonly #openSegment: (key: SegmentKey) => OpenSegment | undefined
  readonly #onDamage: (key: SegmentKey) => void
  readonly #turns = new ReadTurns(READS_BYTES_MAX)

  constructor({ context, openSegment, onDamage }: SegmentReaderOptions) {
    this.#context = context
    this.#openSegment = openSegment
    this.#onDamage = onDamage
    context.peers.handle(CLUSTER_REQUESTS.read, (payload) => this.#answer(payload))
  }

  /**
   * Committed entries of a topic from `offset` on, all of one segment; the first one is the next that exists. Empty at the
   * end. A segment that is not what metadata says it is, here and elsewhere, throws `CORRUPT_DATA`: what it lost is never
   * skipped. Rejects with `UNAVAILABLE` when no node that has the entry can be reached.
   */
  async read(topicName: string, offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    const topic = this.#context.metadata.state.topics.get(topicName)
    if (topic === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(topicName))
    const { segment, index } = nextRead(topic, offset)
    const key = { topic: topicName, segment: segment.id }
    try {
      const here = await this.#readHere(key, segment, index, limits)
      if (here.length > 0 || !mayBeElsewhere(segment, this.#context.nodeId)) return here
    } catch (error) {
      if (!isDamage(error) || segment.replicas.length === 1) throw error
      const there = await this.#readElsewhere({ ...key, index, ...limits }, segment)
      if (there.length > 0) return there
      throw error
    }
    return await this.#readElsewhere({ ...key, index, ...limits }, segment)
  }

  /** As `#readCopy`, in its turn; damage is reported, and repaired if there is another copy. */
  async #readHere(
    key: SegmentKey,
    segment: SegmentMetadata,
    index: number,
    limits: ReadLimits,
  ): Promise<readonly StoredEntry[]> {
    try {
      return await this.#turns.take(limits.maxBytes, () => this.#readCopy(key, segment, index, limits))
    } catch (error) {
      if (isDamage(error) && segment.replicas.length > 1) {
        const { topic, segment: id } = key
        this.#context.report('error', 'a copy is damaged', { topic, segment: id, reason: reasonOf(error) })
        this.#onDamage({ topic, segment: id })
      }
      throw error
    }
  }

  /** What this node may show of its copy; nothing when it has none. */
  async #readCopy(
    key: SegmentKey,
    segment: SegmentMetadata,
    index: number,
    limits: ReadLimits,
  ): Promise<readonly StoredEntry[]> {
    const open = this.#openSegment(key)
    if (open !== undefined && segment.state !== 'sealed') return await open.read(index, limits)
    const log = storedCopy(this.#context.storage, key, segment)
    if (isOnlyHere(segment, this.#context.nodeId)) {
      const verdict = checkSegment(segment, log)
      if (verdict.kind === 'damaged') throw damagedSegment(key.topic, key.segment, verdict.reason)
    }
    if (log === undefined) return []
    const visible = segment.state === 'sealed' ? segment.entryCount : this.#context.replication.committedCount(key)
    const count = Math.min(log.entryCount, visible) - index
    if (count <= 0) return []
    const entries = await log.read(index, { ...limits, maxEntries: Math.min(limits.maxEntries, count) })
    if (entries.length > 0) return entries
    throw damagedSegment(key.topic, key.segment, `it has no entry ${index} of ${segment.entryCount}`)
  }

  async #readElsewhere(request: ReadRequest, segment: SegmentMetadata): Promise<readonly StoredEntry[]> {
    let failure: unknown
    for (const node of this.#sources(segment)) {
      try {
        const entries = await this.#ask(node, request)
        if (entries.length > 0 || segment.state !== 'sealed') return entries
      } catch (error) {
        if (failure === undefined || isDamage(error)) failure = error
      }
    }
    if (segment.state !== 'sealed' && failure === undefined) return []
    if (isDamage(failure)) throw failure
    const { topic, index } = request
    const reason = failure === undefined ? 'no node that has it is alive' : reasonOf(failure)
    throw new WalrusError(
      'UNAVAILABLE',
      `Cannot read entry ${index} of segment ${segment.id} of "${topic}": ${reason}`,
      failure,
    )
  }

  /** Of what is open its leader knows most, the replicas what it has told them; any copy of what is sealed will do. */
  #sources({ state, leader, replicas }: SegmentMetadata): readonly NodeId[] {
    const { nodeId, liveness } = this.#context
    const isKnownHere = state === 'open' && leader !== nodeId
    const others = (isKnownHere ? [leader] : replicas).filter((node) => node !== nodeId)
    const live = liveness.live()
    return others
      .filter((node) => live.has(node))
      .sort((left, right) => Number(right === leader) - Number(left === leader))
  }

  async #ask(node: NodeId, request: ReadRequest): Promise<readonly StoredEntry[]> {
    const { peers, limits } = this.#context
    const timeoutMs = Math.min(limits.requestTimeoutMs, limits.silenceMs)
    const bytes = await peers.request(node, CLUSTER_REQUESTS.read, readRequest.encode(request), timeoutMs)
    const answer = entriesAnswer.decode(bytes)
    if (typeof answer !== 'string') return answer.entries
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${node}: ${answer}`)
  }

  async #answer(payload: Uint8Array): Promise<Uint8Array> {
    const request = readRequest.decode(payload)
    if (typeof request === 'string') throw new WalrusError('INVALID_ARGUMENT', `Cannot read a request: ${request}`)
    const topic = this.#context.metadata.state.topics.get(request.topic)
    const segment = topic && segmentById(topic, request.segment)
    if (segment === undefined) {
      throw new WalrusError(
        'UNAVAILABLE',
        `Cannot read segment ${request.segment} of "${request.topic}": it is not known`,
      )
    }
    const { readAheadEntriesMax, readAheadBytesMax } = this.#context.limits
    const limits = {
      maxEntries: Math.min(Math.max(1, request.maxEntries), readAheadEntriesMax),
      maxBytes: Math.min(request.maxBytes, readAheadBytesMax),
    }
    return entriesAnswer.encode({ entries: await this.#readHere(request, segment, request.index, limits) })
  }
}

/** The end of a segment that is open here is the end. */
function mayBeElsewhere({ state, leader, replicas, entryCount }: SegmentMetadata, self: NodeId): boolean {
  if (state === 'open') return leader !== self
  if (state === 'recovering') return false
  return entryCount > 0 && replicas.some((node) => node !== self)
}

function isOnlyHere({ replicas }: SegmentMetadata, self: NodeId): boolean {
  return replicas.length === 1 && replicas[0] === self
}

function isDamage(error: unknown): boolean {
  return error instanceof WalrusError && error.code === 'CORRUPT_DATA'
}

/** Enough to keep a disk busy, and through in a few milliseconds. */
const READS_BYTES_MAX = 4 * 1024 * 1024
