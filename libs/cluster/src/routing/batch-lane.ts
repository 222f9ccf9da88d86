import { WalrusError, type CommitTicket, type Producer } from '@walrus/core'
import { appendAnswer, appendRequest, CLUSTER_REQUESTS, timedOutMessage, type AppendAnswer } from '@walrus/protocol'
import type { ChangeSignal } from '../change-signal.js'
import type { AppendIntake, NumberedEntries } from '../leading/append-intake.js'
import type { ClusterContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import { askThere } from './ask-there.js'
import { mayBeAskedAgain } from './may-be-asked-again.js'
import type { BatchTicket } from './batch-ticket.js'
import type { Route } from './route.js'

export interface BatchLaneOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly intake: AppendIntake
  /** Appends to the open segment, if it is led here and takes appends; throws when it takes no more for good. */
  readonly direct: (entries: readonly Uint8Array[]) => CommitTicket | undefined
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
  /** A producer id that nobody has used in this topic. */
  readonly newId: () => number
  /** Called with each batch that is settled. */
  readonly onSettled: (ticket: BatchTicket) => void
  /** Nothing is queued or under way any more. */
  readonly onIdle: () => void
}

/** Batches that are sent together, with the number of the first entry. */
interface Group {
  readonly tickets: readonly BatchTicket[]
  readonly producer: Producer
}

/**
 * Takes the batches of one producer to one topic to whoever leads it, this node perhaps: in order, one group at a time, and again,
 * unchanged, until its outcome is known. A group is stored as a whole, in one segment.
 */
export class BatchLane {
  readonly #options: BatchLaneOptions
  readonly #queue: { readonly ticket: BatchTicket; readonly producer: Producer | undefined }[] = []
  /** Numbers the batches that have no producer; another id after a group whose outcome nobody knows. */
  #own: Producer
  #running = false
  #closed: WalrusError | undefined

  constructor(options: BatchLaneOptions) {
    this.#options = options
    this.#own = { id: options.newId(), sequence: 0 }
  }

  get idle(): boolean {
    return !this.#running
  }

  push(ticket: BatchTicket, producer: Producer | undefined): void {
    this.#queue.push({ ticket, producer })
    if (!this.#running) void this.#run()
  }

  /** Whoever waits fails with `error`. */
  close(error: WalrusError): void {
    this.#closed = error
  }

  /** Never rejects: a failure goes to the batches that it concerns. */
  async #run(): Promise<void> {
    this.#running = true
    // All batches of one turn of the event loop go together.
    await Promise.resolve()
    while (this.#queue.length > 0) if (!this.#passOn()) await this.#deliver(this.#takeGroup())
    this.#running = false
    this.#options.onIdle()
  }

  /** What nobody numbers needs no lane while the segment takes appends: only so does the lane become idle under load. */
  #passOn(): boolean {
    const [first] = this.#queue
    if (first === undefined || first.producer !== undefined) return false
    const { ticket } = first
    try {
      const direct = this.#options.direct(ticket.entries)
      if (direct === undefined) return false
      ticket.follow(direct)
    } catch (error) {
      ticket.fail(error as Error)
    }
    ticket.onSettled(() => this.#options.onSettled(ticket))
    this.#queue.shift()
    return true
  }

  #takeGroup(): Group {
    const { forwardEntriesMax, forwardBytesMax } = this.#options.context.limits
    const [first] = this.#queue
    if (first?.producer !== undefined) {
      this.#queue.shift()
      return { tickets: [first.ticket], producer: first.producer }
    }
    let count = 0
    let entryCount = 0
    let bytes = 0
    for (const { ticket, producer } of this.#queue) {
      entryCount += ticket.entries.length
      bytes += ticket.sizeBytes
      if (count > 0 && (producer !== undefined || entryCount > forwardEntriesMax || bytes > forwardBytesMax)) break
      count += 1
    }
    return { tickets: this.#queue.splice(0, count).map(({ ticket }) => ticket), producer: this.#own }
  }

  async #deliver({ tickets, producer }: Group): Promise<void> {
    const entries = tickets.flatMap((ticket) => ticket.entries)
    try {
      const numbered = { producerId: producer.id, sequence: producer.sequence, entries, whole: true }
      const { firstOffset } = await this.#sendUntilKnown(numbered, tickets[0]?.deadlineMs ?? 0)
      if (producer === this.#own) this.#own = { id: producer.id, sequence: producer.sequence + entries.length }
      let before = 0
      for (const ticket of tickets) {
        ticket.succeed(firstOffset === undefined ? undefined : firstOffset + before)
        before += ticket.entries.length
      }
    } catch (error) {
      if (producer === this.#own) this.#own = { id: this.#options.newId(), sequence: 0 }
      for (const ticket of tickets) ticket.fail(error as Error)
    }
    for (const ticket of tickets) this.#options.onSettled(ticket)
  }

  async #sendUntilKnown(numbered: NumberedEntries, deadlineMs: number): Promise<AppendAnswer> {
    const { context, topic, route, routeChanged } = this.#options
    const { clock, limits } = context
    for (let attempt = 1; ; attempt += 1) {
      if (this.#closed !== undefined) throw this.#closed
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) throw new WalrusError('TIMED_OUT', timedOutMessage(`append to "${topic}" had no answer`))
      const taken = route()
      try {
        return await this.#send(numbered, taken, leftMs)
      } catch (error) {
        if (!mayBeAskedAgain(error)) throw error
        if (route() === taken) await routeChanged.next(clock, Math.min(leftMs, backoffMs(attempt, limits)))
      }
    }
  }

  async #send(numbered: NumberedEntries, route: Route, leftMs: number): Promise<AppendAnswer> {
    const { context, topic, intake, routeChanged } = this.#options
    if (route.kind === 'here') return await intake.append(numbered)
    if (route.kind === 'nowhere' || !context.liveness.live().has(route.leader)) {
      throw new WalrusError('NOT_LEADER', `Cannot append to "${topic}": nobody leads it`)
    }
    const { clock, limits } = context
    const payload = appendRequest.encode({ topic, segment: route.segment, ...numbered })
    const timeoutMs = Math.max(1, Math.min(leftMs, limits.silenceMs))
    const question = { node: route.leader, kind: CLUSTER_REQUESTS.append, payload, timeoutMs }
    const way = { clock, graceMs: limits.heartbeatMs, route, current: this.#options.route, routeChanged }
    const answer = appendAnswer.decode(await askThere(context.peers, question, way))
    if (typeof answer !== 'string' && answer.count === numbered.entries.length) return answer
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${route.leader} to an append`)
  }
}
