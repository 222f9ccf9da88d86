import {
  decideRollover,
  lastSegment,
  reasonOf,
  segmentById,
  WalrusError,
  type CommitTicket,
  type Producer,
  type SegmentLimits,
  type TopicMetadata,
} from '@walrus/core'
import type { AppendAnswer } from '@walrus/protocol'
import { ChangeSignal } from '../change-signal.js'
import { AppendIntake, type NumberedEntries } from '../leading/append-intake.js'
import { isDiskFull } from '../leading/disk-full.js'
import { openTail } from '../leading/open-tail.js'
import { rollOver, tailStatus } from '../leading/roll-over.js'
import { TopicGate } from '../leading/topic-gate.js'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { backoffMs, pause } from '../pause.js'
import { whenReadable } from '../reading/readable.js'
import type { SegmentReader } from '../reading/segment-reader.js'
import { AppendSender } from './append-sender.js'
import { proposeKnown } from '../replication/propose-known.js'
import { traceLead } from '../tracing/trace-lead.js'
import { Forwarder } from './forwarder.js'
import { ProducerLanes } from './producer-lanes.js'
import { notLeader, obstacleOf, type Route } from './route.js'
import { TopicTakes } from './topic-takes.js'

export interface TopicRuntimeOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly reader: SegmentReader
  /** The disk of this node has no room for an append. */
  readonly onDiskFull: () => void
}

/**
 * One topic as a node runs it, whoever leads its open segment: writers go through the gate, to the segment that is led here
 * or with the forwarder to the node that leads it; readers to the shared cursor, here or there. Until metadata is adopted,
 * everybody waits.
 */
export class TopicRuntime {
  readonly #options: TopicRuntimeOptions
  readonly #gate: TopicGate
  readonly routeChanged = new ChangeSignal()
  /** Undefined until the first one: most topics of a node are idle, and cost little. */
  #rollovers: Map<OpenSegment, Promise<void>> | undefined
  #intake: AppendIntake | undefined
  #forwarder: Forwarder | undefined
  #takes: TopicTakes | undefined
  #sender: AppendSender | undefined
  #producers: ProducerLanes | undefined
  #route: Route = UNKNOWN_ROUTE
  #limits: SegmentLimits | undefined
  /** The segment that is to be led here, as soon as another node has told how it begins. */
  #openingSegment: number | undefined
  /** The newest segment that was led here, until metadata says what became of it. */
  #segment: OpenSegment | undefined

  constructor(options: TopicRuntimeOptions) {
    const { context, topic } = options
    const { clock, limits } = context
    this.#options = options
    this.#gate = new TopicGate({
      topic,
      clock,
      limits,
      onFull: () => this.#startRollover(false),
      onBatch: (ticket) => this.#beginBatch(ticket),
      onHeld: () => this.#forward(),
    })
    this.#gate.close(obstacleOf(this.#route))
  }

  get route(): Route {
    return this.#route
  }

  /** The segment that is led here; undefined when none is, or it is not ready yet. */
  get segment(): OpenSegment | undefined {
    return this.#route.kind === 'here' ? this.#segment : undefined
  }

  /** Its segment is being replaced. */
  get isRolling(): boolean {
    return this.#rollovers !== undefined && this.#rollovers.size > 0
  }

  /** See `TopicGate.append`. */
  append(entry: Uint8Array): CommitTicket {
    return this.#gate.append(entry)
  }

  /**
   * Appends all of the entries or none, here or where the topic is led; they must not change until the ticket is settled. Those
   * of a producer are stored once, however often they come.
   */
  appendBatch(entries: readonly Uint8Array[], producer: Producer | undefined): CommitTicket {
    return producer === undefined ? this.#gate.appendBatch(entries) : this.#lanes().append(entries, producer)
  }

  /** What other nodes forward; see `AppendIntake.append`. Rejects with `NOT_LEADER` unless the segment is led here. */
  async intake(numbered: NumberedEntries): Promise<AppendAnswer> {
    this.assertHere()
    return await this.#taken().append(numbered)
  }

  /** The topic's cursors, here or there. */
  get takes(): TopicTakes {
    const { context, topic, reader } = this.#options
    this.#takes ??= new TopicTakes({
      ...{ context, topic, reader, gate: this.#gate, routeChanged: this.routeChanged },
      route: () => this.#route,
      segment: () => this.#segment,
    })
    return this.#takes
  }

  /** See `whenReadable`. */
  onReadable(offset: number, listener: () => void): () => void {
    const { clock } = this.#options.context
    return whenReadable({ clock, offset, segment: this.segment, routeChanged: this.routeChanged }, listener)
  }

  /** Goes on as metadata says, along the route that it gives. Idempotent. */
  adopt(topic: TopicMetadata, route: Route): void {
    this.#limits = { ...topic.config, ...this.#options.context.segmentLimits }
    this.#gate.limit(this.#limits)
    this.#route = route
    this.#resolveSegment(topic)
    if (route.kind !== 'here') this.#yield(route)
    else if (this.#segment === undefined) this.#lead(topic)
    else this.#tryOpen()
    this.routeChanged.fire()
    this.#forward()
  }

  /** The lease of this node is lost, or there again. */
  leaseChanged(): void {
    if (this.#route.kind !== 'here') return
    if (this.#options.context.lease.held) this.#tryOpen()
    else if (this.#gate.segment !== undefined) this.#gate.close(NO_LEASE)
  }

  /** Nothing gets through any more. */
  fail(error: WalrusError): void {
    this.#forwarder?.close()
    this.#sender?.close(error)
    this.#takes?.close(error)
    this.#gate.fail(error)
    this.routeChanged.fire()
  }

  /** Rolls a segment over that is full by bytes or age, and frees what a cursor read ahead and nobody took. */
  tick(): void {
    this.#takes?.tick()
    const { segment } = this.#gate
    if (segment === undefined || this.#limits === undefined) return
    const { clock, lease } = this.#options.context
    const now = { drained: false, leaseHeld: lease.held, wallMs: clock.wallMs() }
    if (decideRollover(tailStatus(segment, now), this.#limits).kind !== 'keep') this.#startRollover(false)
  }

  /** This node's copy of the segment that is led here was found damaged. */
  damaged(): void {
    if (this.segment !== undefined) this.#startRollover(true)
  }

  /** Ends the segment that is led here, full or not; resolves when that is done, or is not for this node to do. */
  async roll(): Promise<void> {
    if (this.segment === undefined) return
    this.#startRollover(true)
    await this.settled()
  }

  /** Resolves once metadata was adopted, or it is known that there will be none, or after about `requestTimeoutMs`. */
  async known(): Promise<void> {
    const { clock, limits } = this.#options.context
    if (this.#route === UNKNOWN_ROUTE) await this.routeChanged.next(clock, limits.requestTimeoutMs)
  }

  /** Resolves when no rollover is under way. */
  async settled(): Promise<void> {
    while (this.#rollovers !== undefined && this.#rollovers.size > 0) await Promise.all(this.#rollovers.values())
  }

  /** The segment that was led here ends as metadata says. */
  #resolveSegment(topic: TopicMetadata): void {
    const segment = this.#segment
    if (segment === undefined) return
    const known = segmentById(topic, segment.segment)
    if (known?.state === 'open' && known.epoch === segment.epoch) return
    if (known?.state === 'recovering') return segment.stop(notLeader(topic.name, this.#route))
    if (known?.state === 'sealed') segment.resolveSealed(known)
    else segment.stop(notLeader(topic.name, this.#route))
    this.#segment = undefined
  }

  /** Whoever waits for the segment here goes elsewhere; appends wait until it is known where. */
  #yield(route: Route): void {
    this.#gate.close(obstacleOf(route))
    this.#gate.evict(notLeader(this.#options.topic, route))
    this.#takes?.reset()
  }

  #lead(topic: TopicMetadata): void {
    if (this.#openingSegment === this.#route.segment) return
    this.#gate.close(obstacleOf(this.#route))
    try {
      const segment = openTail(this.#options.context, topic)
      if (segment instanceof Promise) void this.#leadLater(segment, lastSegment(topic).id)
      else this.#begin(segment)
    } catch (error) {
      this.#failWith(error)
    }
  }

  /** Never rejects. */
  async #leadLater(opening: Promise<OpenSegment>, segmentId: number): Promise<void> {
    this.#openingSegment = segmentId
    const segment = await this.#opened(opening, segmentId)
    if (this.#openingSegment === segmentId) this.#openingSegment = undefined
    if (segment !== undefined) this.#begin(segment)
  }

  /** What another node was to tell is asked again until it is told, or the segment is another's. */
  async #opened(opening: Promise<OpenSegment>, segmentId: number): Promise<OpenSegment | undefined> {
    const { context, topic } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      try {
        const segment = await opening
        return this.#isToLead(segmentId) ? segment : undefined
      } catch (error) {
        if (!this.#isToLead(segmentId)) return undefined
        if (!isPassing(error)) return void this.#failWith(error)
        context.report('warn', 'cannot lead a segment yet', { topic, segment: segmentId, reason: reasonOf(error) })
      }
      await pause(context.clock, backoffMs(attempt, context.limits))
      const metadata = context.metadata.state.topics.get(topic)
      if (metadata === undefined || !this.#isToLead(segmentId)) return undefined
      opening = openAgain(context, metadata)
    }
  }

  #isToLead(segmentId: number): boolean {
    return this.#route.kind === 'here' && this.#route.segment === segmentId && this.#segment === undefined
  }

  #begin(open: OpenSegment): void {
    this.#segment = open
    traceLead(this.#options.context.trace, open)
    open.onFailure((reason) => void this.#fence(open, reason))
    open.onStop(() => open === this.#segment && this.#gate.close('its leader is being replaced'))
    open.onDisplaced((appends) => void this.#gate.takeBack(appends))
    open.onDamage(() => open === this.#segment && this.#startRollover(true))
    if (open.sealed) this.#startRollover(false)
    else this.#tryOpen()
  }

  /** Copies may have what the local disk has refused: nobody writes this segment any more. */
  async #fence(open: OpenSegment, reason: WalrusError): Promise<void> {
    const { context } = this.#options
    const { report } = context
    const { topic, segment, epoch } = open
    report('error', 'the disk has refused what copies may have', { topic, segment, reason: reason.message })
    if (isDiskFull(reason)) this.#options.onDiskFull()
    try {
      const isWanted = (): boolean => this.#segment === open && !this.#gate.failed
      await proposeKnown(context, { kind: 'FenceSegment', topic, segment, epoch }, isWanted)
    } catch (error) {
      report('warn', 'a segment was not fenced from here', { topic, segment, reason: reasonOf(error) })
    }
  }

  #tryOpen(): void {
    const segment = this.#segment
    if (segment === undefined || this.#limits === undefined || this.#route.kind !== 'here') return
    if (segment.sealed || segment.isStopped || this.#rollovers?.has(segment)) return
    const mayWrite = this.#options.context.lease.check()
    if (this.#gate.segment === segment) return
    if (mayWrite) this.#gate.open(segment, this.#limits)
    else this.#gate.close(NO_LEASE)
  }

  #beginBatch(ticket: CommitTicket): void {
    this.#options.context.lease.check()
    ticket.onSettled(this.#afterBatch)
  }

  readonly #afterBatch = ({ error }: CommitTicket): void => {
    if (error !== undefined && isDiskFull(error)) this.#options.onDiskFull()
  }

  #startRollover(forced: boolean): void {
    const segment = this.#segment
    if (segment === undefined || this.#limits === undefined || this.#rollovers?.has(segment)) return
    const rollovers = (this.#rollovers ??= new Map<OpenSegment, Promise<void>>())
    this.#gate.close('its segment is being replaced')
    const rollover = this.#rollOver(segment, { limits: this.#limits, forced }).finally(() => {
      rollovers.delete(segment)
      if (!this.#gate.failed) this.#tryOpen()
    })
    rollovers.set(segment, rollover)
  }

  /** Never rejects. When metadata has sealed the segment, `adopt` has gone on with the next one by then. */
  async #rollOver(segment: OpenSegment, order: Parameters<typeof rollOver>[2]): Promise<void> {
    try {
      const outcome = await rollOver(this.#options.context, segment, order)
      if (outcome === 'stuck') await this.#fence(segment, new WalrusError('DISK_FULL', 'its end cannot be recorded'))
    } catch (error) {
      this.#failWith(error)
    }
  }

  #forward(): void {
    if (this.#route.kind !== 'there') return
    this.#forwarder ??= new Forwarder({
      context: this.#options.context,
      topic: this.#options.topic,
      gate: this.#gate,
      sender: this.#sending(),
      route: () => this.#route,
    })
    this.#forwarder.pump()
  }

  #lanes(): ProducerLanes {
    const { context, topic } = this.#options
    this.#producers ??= new ProducerLanes({ context, topic, sender: this.#sending() })
    return this.#producers
  }

  #sending(): AppendSender {
    const { context, topic } = this.#options
    const { routeChanged } = this
    this.#sender ??= new AppendSender({ context, topic, intake: this.#taken(), route: () => this.#route, routeChanged })
    return this.#sender
  }

  #taken(): AppendIntake {
    this.#intake ??= new AppendIntake(this.#gate)
    return this.#intake
  }

  /** Throws `NOT_LEADER` unless the open segment is led here. */
  assertHere(): void {
    if (this.#route.kind !== 'here') throw notLeader(this.#options.topic, this.#route)
  }

  #failWith(thrown: unknown): void {
    const error = thrown instanceof WalrusError ? thrown : new WalrusError('UNAVAILABLE', reasonOf(thrown), thrown)
    this.#options.context.report('error', 'topic cannot be used', { reason: error.message })
    this.#gate.fail(error)
  }
}

const UNKNOWN_ROUTE: Route = { kind: 'nowhere', segment: 0, reason: 'the topic is being created' }
const NO_LEASE = 'this node hears no majority of the voters'

/** It may work the next time. */
function isPassing(error: unknown): boolean {
  return error instanceof WalrusError && ['UNAVAILABLE', 'TIMED_OUT', 'NOT_LEADER'].includes(error.code)
}

async function openAgain(context: ClusterContext, topic: TopicMetadata): Promise<OpenSegment> {
  return await openTail(context, topic)
}
