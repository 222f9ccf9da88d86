import {
  decideLease,
  decideRollover,
  formatSegmentKey,
  lastSegment,
  reasonOf,
  WalrusError,
  type CommitTicket,
  type SegmentLimits,
  type SegmentLog,
  type StoredEntry,
  type TopicMetadata,
} from '@walrus/core'
import type { NodeContext } from './node-context.js'
import { openTail } from './open-tail.js'
import { rollOver, tailStatus } from './roll-over.js'
import { SharedCursor } from './shared-cursor.js'
import { TopicGate } from './topic-gate.js'

/**
 * One topic as the leader of its open segment runs it: the gate that writers go through, the shared cursor, and the
 * rollover from one segment to the next. Until it has adopted metadata the gate is closed.
 */
export class LedTopic {
  readonly #context: NodeContext
  readonly #gate: TopicGate
  readonly #cursor: SharedCursor
  #limits: SegmentLimits | undefined
  /** The newest segment's log, whatever the gate. */
  #log: SegmentLog | undefined
  readonly #rollovers = new Set<Promise<void>>()

  constructor(context: NodeContext, topic: string) {
    const { clock, limits } = context
    this.#context = context
    const onFull = (): void => this.#startRollover()
    this.#gate = new TopicGate({ ...limits, topic, clock, heldTimeoutMs: limits.requestTimeoutMs, onFull })
    this.#cursor = new SharedCursor(context, topic, this.#gate)
  }

  /** See `TopicGate.append`. */
  append(entry: Uint8Array): CommitTicket {
    return this.#gate.append(entry)
  }

  /** See `SharedCursor.next`. */
  next(): Promise<StoredEntry | undefined> {
    return this.#cursor.next()
  }

  /** Resolves once no rollover is under way; rejects with the reason why the topic cannot be used. */
  whenOpen(): Promise<void> {
    return this.#gate.whenOpen(() => undefined)
  }

  /** Goes on as metadata says: in the segment that it names, if this node may write it. Idempotent. */
  adopt(topic: TopicMetadata): void {
    this.#limits = { ...topic.config, ...this.#context.segmentLimits }
    const before = this.#log
    try {
      assertLease(this.#context, topic)
      this.#log = openTail(this.#context.storage, topic)
    } catch (error) {
      this.#failWith(error)
      return
    }
    if (this.#log === before) return
    if (this.#log.sealed) this.#startRollover()
    else this.#gate.open(this.#log, this.#limits)
  }

  /** Nothing gets through any more. */
  fail(error: WalrusError): void {
    this.#gate.fail(error)
  }

  /** Rolls a segment over that is full by bytes or age, and frees what a cursor read ahead and nobody took. */
  tick(): void {
    this.#cursor.tick()
    const log = this.#gate.log
    if (log === undefined || this.#limits === undefined) return
    const tail = tailStatus(log, { drained: false, wallMs: this.#context.clock.wallMs() })
    if (decideRollover(tail, this.#limits).kind !== 'keep') this.#startRollover()
  }

  /** Resolves when no rollover is under way. */
  async settled(): Promise<void> {
    while (this.#rollovers.size > 0) await Promise.all(this.#rollovers)
  }

  #startRollover(): void {
    this.#gate.close()
    const rollover = this.#rollOver().finally(() => this.#rollovers.delete(rollover))
    this.#rollovers.add(rollover)
  }

  /** Never rejects. When metadata has sealed the segment, `adopt` has opened the next one by then. */
  async #rollOver(): Promise<void> {
    const log = this.#log
    const limits = this.#limits
    if (log === undefined || limits === undefined) return
    try {
      const outcome = await rollOver(this.#context, log, limits)
      if (outcome === 'kept' && !this.#gate.failed) this.#gate.open(log, limits)
    } catch (error) {
      this.#failWith(error)
    }
  }

  #failWith(thrown: unknown): void {
    const error = thrown instanceof WalrusError ? thrown : new WalrusError('UNAVAILABLE', reasonOf(thrown), thrown)
    this.#context.report('error', 'topic cannot be used', { reason: error.message })
    this.#gate.fail(error)
  }
}

/** A single voter is its own quorum, so what metadata grants it, it has now. */
function assertLease({ nodeId, clock }: NodeContext, topic: TopicMetadata): void {
  const decision = decideLease(topic, { node: nodeId, quorumContactMs: clock.monotonicMs(), leaseDurationMs: 1 })
  if (decision.kind === 'granted') return
  const segment = formatSegmentKey({ topic: topic.name, segment: lastSegment(topic).id })
  const why = decision.kind === 'not-leader' ? `node ${decision.leader} leads it` : 'it is being recovered'
  throw new WalrusError('NOT_LEADER', `Cannot write segment "${segment}": ${why}`)
}
