import {
  committedPosition,
  endOffset,
  endPosition,
  formatSegmentKey,
  recordProducer,
  WalrusError,
  type CommitTicket,
  type EncodedBatch,
  type NodeId,
  type Producer,
  type ReadLimits,
  type SegmentCounts,
  type SegmentLog,
  type SegmentMetadata,
  type StoredEntry,
  type Timer,
  type TopicState,
} from '@walrus/core'
import { ENTRY_HEADER_BYTES, replicateRequest, timedOutMessage } from '@walrus/protocol'
import type { HeldAppend } from '../held-append.js'
import type { NodeContext } from '../node-context.js'
import type { OpenSegment, SegmentEnd } from '../open-segment.js'
import { WriterTrace } from '../tracing/writer-trace.js'
import { displacedAppends, isMovable } from './displaced-appends.js'
import { QuorumTicket } from './quorum-ticket.js'
import { ReplicaStream, type StreamSource } from './replica-stream.js'
import { SendWindow, type Stretch } from './send-window.js'
import { stretchesOf } from './stretches.js'
import { UncommittedLine } from './uncommitted-line.js'

/**
 * The open segment of a topic over this node's log and copies on other nodes. What is appended goes to the local disk and to
 * the replicas at the same time; it counts when this node and as many others as make the ack quorum have it durably.
 */
export class ReplicatedSegment implements OpenSegment, StreamSource {
  readonly context: NodeContext
  readonly log: SegmentLog
  readonly window: SendWindow
  committedCount = 0
  readonly #metadata: SegmentMetadata
  readonly #startState: TopicState
  readonly #cursors: Map<string, number>
  readonly #producers: Map<number, number>
  readonly #streams: readonly ReplicaStream[]
  readonly #line: UncommittedLine
  /** The one that the next append joins, if its batch is still open. */
  #newest: QuorumTicket | undefined
  /** Of the commit that begins, until the end of this turn. */
  #begun: EncodedBatch[] = []
  readonly #trace: WriterTrace | undefined
  readonly #untap: () => void
  readonly #commitListeners = new Set<() => void>()
  readonly #quorumWaiters = new Set<() => void>()
  #refusal: WalrusError | undefined
  #stopped: WalrusError | undefined
  #failure: WalrusError | undefined
  #failureListener: ((reason: WalrusError) => void) | undefined
  #damageListener: (() => void) | undefined
  #stopListener: (() => void) | undefined
  #displacedListener: ((appends: Promise<readonly HeldAppend[]>) => void) | undefined
  readonly #damagedNodes = new Set<NodeId>()
  #publishTimer: Timer | undefined
  #sentSincePublish = false

  /** Over a log that nothing was appended to. */
  constructor(context: NodeContext, metadata: SegmentMetadata, log: SegmentLog) {
    const { clock, limits } = context
    this.context = context
    this.#metadata = metadata
    this.log = log
    this.#cursors = new Map(log.topicState.cursors)
    this.#producers = new Map(log.topicState.producers)
    this.#startState = { cursors: new Map(this.#cursors), producers: new Map(this.#producers) }
    this.window = new SendWindow(log.position, limits.sendWindowBytesMax)
    const others = metadata.replicas.filter((node) => node !== context.nodeId)
    this.#streams = others.map((node) => new ReplicaStream(this, node))
    const giveUp = (ticket: QuorumTicket): void => this.#giveUp(ticket)
    this.#line = new UncommittedLine({ clock, timeoutMs: limits.requestTimeoutMs, giveUp })
    this.#trace = WriterTrace.of(context.trace, log)
    this.#untap = log.onBatch((batch) => this.#begin(batch))
  }

  get topic(): string {
    return this.log.topic
  }
  get segment(): number {
    return this.log.segment
  }
  get baseOffset(): number {
    return this.log.baseOffset
  }
  get epoch(): number {
    return this.log.epoch
  }
  get sealed(): boolean {
    return this.#refusal?.code === 'SEGMENT_SEALED'
  }
  get isStopped(): boolean {
    return this.#stopped !== undefined
  }
  get appendedCount(): number {
    return this.log.appendedCount
  }
  get sizeBytes(): number {
    return this.log.sizeBytes
  }
  get createdMs(): number {
    return this.log.createdMs
  }
  get topicState(): TopicState {
    return { cursors: this.#cursors, producers: this.#producers }
  }

  append(entry: Uint8Array): CommitTicket {
    this.#admit()
    this.#assertFits('ENTRY_TOO_LARGE', ENTRY_HEADER_BYTES + entry.length)
    return this.#join(this.log.append(entry), ENTRY_HEADER_BYTES + entry.length)
  }

  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket {
    this.#admit()
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
    this.#assertFits('BATCH_TOO_LARGE', bytes)
    const local = this.log.appendBatch(entries, producer)
    if (producer === undefined) return this.#join(local, bytes)
    const lastSequence = producer.sequence + entries.length - 1
    return this.#follow(local, bytes, () => recordProducer(this.#producers, producer.id, lastSequence))
  }

  /** A ticket of its own: the entries of the same commit may have been taken by a replica that lacks the cursors. */
  commitCursor(name: string, offset: number): CommitTicket {
    this.#admit()
    return this.#follow(this.log.commitCursor(name, offset), name.length, () => this.#cursors.set(name, offset))
  }

  async read(fromIndex: number, { maxEntries, maxBytes }: ReadLimits): Promise<readonly StoredEntry[]> {
    const readable = Math.min(maxEntries, this.committedCount - fromIndex)
    return readable > 0 ? await this.log.read(fromIndex, { maxEntries: readable, maxBytes }) : []
  }

  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener)
    return () => void this.#commitListeners.delete(listener)
  }

  async drain(): Promise<void> {
    await this.log.drain()
    while (this.#line.hasPending) await new Promise<void>((resolve) => this.#quorumWaiters.add(resolve))
  }

  async seal(): Promise<SegmentEnd> {
    const name = formatSegmentKey(this)
    this.#refusal ??= new WalrusError('SEGMENT_SEALED', `Cannot append to "${name}": the segment is sealed`)
    await this.drain()
    const failure = this.#stopped ?? this.#failure
    if (failure !== undefined) throw failure
    if (!this.#line.isEmpty) {
      throw new WalrusError('UNAVAILABLE', `Cannot seal segment "${name}": its replicas lack what was appended`)
    }
    await this.log.seal()
    const { entryCount, position } = this.log
    // A node that comes back has what others have copies of fenced.
    return { entryCount, controlCount: position - entryCount, isFinal: true }
  }

  stop(reason: WalrusError): void {
    const wasStopped = this.isStopped
    this.#stopped ??= reason
    this.#trace?.stop()
    this.#refusal = reason
    this.#untap()
    this.#publishTimer?.cancel()
    for (const stream of this.#streams) stream.stop()
    if (!wasStopped) this.#stopListener?.()
  }

  resolveSealed(counts: SegmentCounts): void {
    this.#trace?.stop()
    this.#refusal ??= new WalrusError('SEGMENT_SEALED', `Cannot append to "${formatSegmentKey(this)}": it is sealed`)
    this.#untap()
    this.#publishTimer?.cancel()
    const behind = new WalrusError('NOT_LEADER', `Cannot append to "${this.topic}": its leader was replaced`)
    const unknown = new WalrusError('TIMED_OUT', timedOutMessage(`"${this.topic}" was sealed by another node`))
    const end = endOffset({ ...this.#metadata, ...counts })
    const places = this.#line.takeAll()
    const displaced = places.filter(({ ticket }) => this.#displacedListener && isMovable(ticket, end))
    const outcome = (ticket: QuorumTicket): WalrusError | undefined => {
      if (ticket.hasEntries) return ticket.lastOffset < end ? undefined : behind
      if (ticket.local.state !== 'committed') return unknown
      return ticket.local.endPosition <= endPosition(counts) ? undefined : behind
    }
    const others = places.filter((place) => !displaced.includes(place)).map(({ ticket }) => ticket)
    // Where a cursor's batch stands is known when it is on this node's disk.
    const isUnplaced = ({ hasEntries, local }: QuorumTicket): boolean => !hasEntries && local.state === 'pending'
    this.#settle(
      others.filter((ticket) => !isUnplaced(ticket)),
      outcome,
    )
    for (const ticket of others.filter(isUnplaced)) ticket.local.onSettled(() => this.#settle([ticket], outcome))
    if (displaced.length > 0) this.#displacedListener?.(displacedAppends(this.log, displaced, behind))
    for (const stream of this.#streams) stream.finish()
  }

  onFailure(listener: (reason: WalrusError) => void): void {
    this.#failureListener = listener
    if (this.#failure !== undefined) listener(this.#failure)
  }

  onStop(listener: () => void): void {
    this.#stopListener = listener
    if (this.isStopped) listener()
  }

  onDisplaced(listener: (appends: Promise<readonly HeldAppend[]>) => void): void {
    this.#displacedListener = listener
  }

  onDamage(listener: () => void): void {
    this.#damageListener = listener
  }

  /** It takes nothing, waits for nothing, and sends nothing any more. */
  get isOver(): boolean {
    return this.#refusal !== undefined && this.#line.isEmpty && this.#streams.every((stream) => stream.isStopped)
  }

  /** This node closes: nothing happens here any more by itself. */
  close(reason: WalrusError): void {
    this.stop(reason)
    this.#line.stopTimer()
    for (const { ticket } of this.#line.takeAll()) ticket.settle(reason)
    this.#tellWaiters()
  }

  encode(position: number, batches: readonly EncodedBatch[]): Stretch {
    const { topic, segment, baseOffset, epoch, committedCount } = this
    const last = batches.at(-1)
    const end = last === undefined ? position : last.position + Math.max(1, last.entryCount)
    const bytes = batches.map((batch) => batch.bytes)
    const startState = position === 0 ? this.#startState : undefined
    const request = { topic, segment, baseOffset, epoch, position, committedCount, startState, batches: bytes }
    const expectedBytes = bytes.reduce((sum, batch) => sum + batch.length + BATCH_PREFIX_BYTES, REQUEST_BYTES)
    return { position, end, payload: replicateRequest.encode(request, expectedBytes) }
  }

  onDurable(): void {
    this.#advance()
  }

  onSent(): void {
    this.#sentSincePublish = true
    this.#forgetSent()
  }

  onDamaged(node: NodeId): void {
    const { topic, segment } = this
    if (!this.#damagedNodes.has(node)) this.context.report('error', 'a copy is damaged', { topic, segment, node })
    this.#damagedNodes.add(node)
    this.#damageListener?.()
  }

  onStale(epoch: number): void {
    const name = formatSegmentKey(this)
    this.stop(new WalrusError('NOT_LEADER', `Cannot append to "${name}": a replica has seen epoch ${epoch}`))
  }

  #admit(): void {
    if (this.#refusal !== undefined) throw this.#refusal
    const { bytes } = this.#line
    if (bytes < this.context.limits.uncommittedBytesMax) return
    throw new WalrusError('UNAVAILABLE', `Cannot append to "${this.topic}": ${bytes} bytes wait for its replicas`)
  }

  /** What no replica can be sent must not be in the log: nothing behind it would be committed, ever. */
  #assertFits(code: 'ENTRY_TOO_LARGE' | 'BATCH_TOO_LARGE', bytes: number): void {
    const { batchBytesMax } = this.context.limits
    if (bytes <= batchBytesMax) return
    const reason = `a batch that is replicated has at most ${batchBytesMax}`
    throw new WalrusError(code, `Cannot append ${bytes} bytes to "${this.topic}": ${reason}`)
  }

  #join(local: CommitTicket, bytes: number): CommitTicket {
    const newest = this.#newest
    if (newest?.local !== local || newest.state !== 'pending') return (this.#newest = this.#follow(local, bytes))
    newest.bytes += bytes
    this.#line.bytes += bytes
    return newest
  }

  #follow(local: CommitTicket, bytes: number, applyToState?: () => void): QuorumTicket {
    const ticket = new QuorumTicket(local, applyToState)
    ticket.bytes = bytes
    this.#line.bytes += bytes
    this.#line.push(ticket)
    local.onSettled(this.#onLocal)
    return ticket
  }

  readonly #onLocal = (local: CommitTicket): void => {
    this.#trace?.stored()
    if (local.error !== undefined) this.#fail(local.error)
    this.#advance()
  }

  #begin(batch: EncodedBatch): void {
    if (this.#begun.length === 0) queueMicrotask(() => this.#send())
    this.#begun.push(batch)
  }

  /** The batches of one commit leave together. Their bytes stand where they are at least until this turn is over. */
  #send(): void {
    const batches = this.#begun
    this.#begun = []
    if (this.#stopped !== undefined) return
    for (const part of stretchesOf(batches, this.context.limits.stretchBytesMax)) {
      const [first] = part
      if (first !== undefined) this.window.add(this.encode(first.position, part))
    }
    for (const stream of this.#streams) stream.pump()
  }

  #forgetSent(): void {
    const sentByAll = Math.min(...this.#streams.map((stream) => stream.sentPosition))
    this.window.forget({ sentByAll, onDisk: this.log.position })
  }

  #advance(): void {
    const { position } = this.log
    const durable = [position, ...this.#streams.map((stream) => stream.durablePosition)]
    const committed = Math.min(position, committedPosition(durable, this.#metadata.ackQuorum))
    this.#settle(this.#line.takeCommitted(committed), () => undefined)
  }

  /** Readers see entries before their ticket is settled. */
  #settle(tickets: readonly QuorumTicket[], outcome: (ticket: QuorumTicket) => WalrusError | undefined): void {
    const countBefore = this.committedCount
    const settled = tickets.map((ticket) => ({ ticket, error: outcome(ticket) }))
    for (const { ticket, error } of settled) if (error === undefined) this.#commit(ticket)
    this.#traceCommitted(settled)
    for (const { ticket, error } of settled) ticket.settle(error)
    if (this.committedCount > countBefore) {
      for (const listener of [...this.#commitListeners]) listener()
      this.#publishSoon()
    }
    if (!this.#line.hasPending) this.#tellWaiters()
  }

  #commit(ticket: QuorumTicket): void {
    ticket.applyToState?.()
    this.committedCount = Math.max(this.committedCount, ticket.lastOffset + 1 - this.baseOffset)
  }

  #traceCommitted(
    settled: readonly { readonly ticket: QuorumTicket; readonly error: WalrusError | undefined }[],
  ): void {
    if (this.#trace === undefined) return
    // Not in the order of the log: the cursors of a commit stand behind its entries, whenever they were committed.
    const ends = settled.map(({ ticket, error }) => (error === undefined ? ticket.local.endPosition : 0))
    this.#trace.committed(Math.max(0, ...ends))
  }

  /** Replicas hear with the next stretch what is committed, or alone, when there is none for a while. */
  #publishSoon(): void {
    if (this.#publishTimer !== undefined || this.#stopped !== undefined) return
    this.#sentSincePublish = false
    this.#publishTimer = this.context.clock.after(this.context.limits.publishIdleMs, () => {
      this.#publishTimer = undefined
      if (this.#sentSincePublish) return this.#publishSoon()
      for (const stream of this.#streams) stream.publish()
    })
  }

  /** Replicas may have what this disk refused. So nothing else is ever written at those positions. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    const name = formatSegmentKey(this)
    const reason = new WalrusError('UNAVAILABLE', `Cannot append to "${name}": ${error.message}`, error)
    this.#failure = reason
    this.stop(reason)
    this.#failureListener?.(reason)
  }

  #giveUp(ticket: QuorumTicket): void {
    const { requestTimeoutMs } = this.context.limits
    const what = `append to "${this.topic}" was on too few replicas for ${requestTimeoutMs} ms`
    ticket.settle(new WalrusError('TIMED_OUT', timedOutMessage(what)))
    if (!this.#line.hasPending) this.#tellWaiters()
  }

  #tellWaiters(): void {
    const waiters = [...this.#quorumWaiters]
    this.#quorumWaiters.clear()
    for (const waiter of waiters) waiter()
  }
}

const REQUEST_BYTES = 512
const BATCH_PREFIX_BYTES = 4
