import { reasonOf, WalrusError, type EncodedBatch, type NodeId, type SegmentLog, type Timer } from '@walrus/core'
import { CLUSTER_REQUESTS, replicateAnswer, type ReplicateAnswer } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import type { SendWindow, Stretch } from './send-window.js'

/** What a stream sends from, and whom it tells. */
export interface StreamSource {
  readonly context: NodeContext
  readonly log: SegmentLog
  readonly window: SendWindow
  /** Entries that are committed now. */
  readonly committedCount: number
  /** The batches as a request. */
  encode(position: number, batches: readonly EncodedBatch[]): Stretch
  /** The stream's `durablePosition` has changed. */
  onDurable(): void
  /** The stream has sent what nobody else may need any more. */
  onSent(): void
  /** The replica has seen a newer epoch: this node leads the segment no longer. */
  onStale(epoch: number): void
  /** The copy of that node is damaged. */
  onDamaged(node: NodeId): void
}

/**
 * The way of a segment's batches to one replica: stretch after stretch, several under way, from memory or, when the replica is
 * behind, from disk. After a gap it goes on from the position that the replica names; after anything else that goes wrong it
 * waits, asks for that position, and sends nothing else until it knows.
 */
export class ReplicaStream {
  readonly node: NodeId
  /** Records that the replica has on stable storage, as it says. */
  durablePosition = 0
  readonly #source: StreamSource
  #state: 'streaming' | 'reading' | 'waiting' | 'asking' | 'stopped' = 'streaming'
  /** Where the next stretch begins. Invariant: the replica has, or was sent in this round, all that is before it. */
  #next: number
  /** Counts the times that it began anew: what was sent in an earlier round may not have got there. */
  #round = 0
  /** Of this round. */
  #inFlightBytes = 0
  #finishing = false
  #failures = 0
  #lastGap = NO_POSITION
  #sentCommittedCount = 0
  #timer: Timer | undefined

  constructor(source: StreamSource, node: NodeId) {
    this.#source = source
    this.node = node
    this.#next = source.window.end
  }

  /** What is before it need not be kept in memory for this stream. */
  get sentPosition(): number {
    return this.#state === 'streaming' ? this.#next : Infinity
  }

  get isStopped(): boolean {
    return this.#state === 'stopped'
  }

  /** Sends what there is to send, as much at once as may be. */
  pump(): void {
    const { window, context } = this.#source
    while (this.#state === 'streaming' && this.#inFlightBytes < context.limits.replicaInFlightBytesMax) {
      const stretch = window.at(this.#next)
      if (stretch !== undefined) this.#send(stretch)
      else if (this.#next < window.end) void this.#readOn()
      else return this.#checkFinished()
    }
  }

  /** Tells the replica what is committed, unless it knows, or will be told with what it is sent. */
  publish(): void {
    const { window, committedCount } = this.#source
    if (this.#state !== 'streaming' || this.#next !== window.end || this.#sentCommittedCount >= committedCount) return
    this.#send(this.#source.encode(this.#next, []))
  }

  /** Sends what the replica lacks, and stops then, or as soon as something goes wrong. */
  finish(): void {
    this.#finishing = true
    if (this.#state === 'waiting') this.stop()
    else this.pump()
  }

  /** Sends nothing more; answers to what is under way still count. */
  stop(): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
  }

  #send(stretch: Stretch): void {
    const { context, committedCount } = this.#source
    const round = this.#round
    const { length } = stretch.payload
    const timeoutMs = context.limits.replicaTimeoutMs + Math.floor(length / BYTES_PER_MS)
    this.#next = stretch.end
    this.#inFlightBytes += length
    this.#sentCommittedCount = committedCount
    void context.peers
      .request(this.node, CLUSTER_REQUESTS.replicate, stretch.payload, timeoutMs)
      .then(decodeAnswer)
      .then(
        (answer) => this.#heard(answer, round, length),
        (error: unknown) => this.#refused(error, this.node, round),
      )
    this.#source.onSent()
  }

  #heard({ result, value }: ReplicateAnswer, round: number, bytes: number): void {
    const isCurrent = round === this.#round && this.#state !== 'stopped'
    if (isCurrent) this.#inFlightBytes -= bytes
    if (isCurrent && this.#state === 'asking') this.#state = 'streaming'
    if (result === 'durable') this.#noteDurable(value)
    else if (result === 'stale') this.#source.onStale(value)
    else if (isCurrent) this.#goOnFrom(value)
    if (isCurrent) this.pump()
  }

  /** What a replica has said to have, it has, whatever became of the round. */
  #noteDurable(position: number): void {
    this.#failures = 0
    if (position <= this.durablePosition) return
    this.durablePosition = position
    this.#lastGap = NO_POSITION
    this.#source.onDurable()
  }

  #goOnFrom(position: number): void {
    if (position > this.#source.window.end) {
      return this.#failed(`its copy is longer than the leader's: it ends at position ${position}`, this.#round)
    }
    if (position < this.durablePosition) this.#noteLoss(position)
    // The same gap again: what was sent from there did not get in, and its reason may take time to go away.
    if (position === this.#lastGap) return this.#failed(`its copy stays at position ${position}`, this.#round)
    this.#lastGap = position
    this.#beginRound(position)
    this.#state = 'streaming'
    // It has more than it has said to be durable, and nothing may be left to send that would make it say so.
    if (position > this.durablePosition) this.#ask()
  }

  #noteLoss(position: number): void {
    const { context, log } = this.#source
    const lostRecords = this.durablePosition - position
    this.durablePosition = position
    context.report('error', 'a replica has lost what it had', { ...this.#name(log), lostRecords })
  }

  /** A copy was asked for something: the replica's, or this node's for what the replica lacks. */
  #refused(error: unknown, node: NodeId, round: number): void {
    const isDamaged = error instanceof WalrusError && error.code === 'CORRUPT_DATA'
    if (isDamaged && this.#state !== 'stopped') this.#source.onDamaged(node)
    this.#failed(reasonOf(error), round)
  }

  #failed(reason: string, round: number): void {
    if (round !== this.#round || this.#state === 'stopped') return
    const { context, log } = this.#source
    this.#failures += 1
    this.#beginRound(this.durablePosition)
    if (this.#finishing) return this.stop()
    if (this.#failures === 1) context.report('warn', 'a replica cannot follow', { ...this.#name(log), reason })
    this.#state = 'waiting'
    this.#lastGap = NO_POSITION
    this.#timer = context.clock.after(backoffMs(this.#failures, context.limits), () => this.#ask())
  }

  #beginRound(position: number): void {
    this.#round += 1
    this.#inFlightBytes = 0
    this.#next = position
  }

  /** A stretch without a batch: the answer says whether the copy ends where this node thinks. */
  #ask(): void {
    this.#state = 'asking'
    this.#send(this.#source.encode(this.#next, []))
  }

  /** The replica is behind what is in memory: the next batches come from disk. */
  async #readOn(): Promise<void> {
    const { context, log } = this.#source
    const round = this.#round
    this.#state = 'reading'
    try {
      const batches = await log.readBatches(this.#next, context.limits.stretchBytesMax)
      if (this.#state !== 'reading' || round !== this.#round) return
      if (batches.length === 0) throw new Error(`the log ends at position ${this.#next}`)
      this.#state = 'streaming'
      this.#send(this.#source.encode(this.#next, batches))
    } catch (error) {
      return this.#refused(error, context.nodeId, round)
    }
    this.pump()
  }

  #checkFinished(): void {
    if (this.#finishing && this.#inFlightBytes === 0) this.stop()
  }

  #name({ topic, segment }: SegmentLog): { topic: string; segment: number; node: NodeId } {
    return { topic, segment, node: this.node }
  }
}

function decodeAnswer(payload: Uint8Array): ReplicateAnswer {
  const answer = replicateAnswer.decode(payload)
  if (typeof answer !== 'string') return answer
  throw new WalrusError('INVALID_ARGUMENT', `Cannot read the answer of a replica: ${answer}`)
}

/** Slower than any network and disk that are in order. */
const BYTES_PER_MS = 8 * 1024
const NO_POSITION = -1
