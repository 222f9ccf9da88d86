import { WalrusError, type NodeId } from '@walrus/core'
import { appendAnswer, appendRequest, CLUSTER_REQUESTS, type AppendAnswer } from '@walrus/protocol'
import type { AppendIntake } from '../leading/append-intake.js'
import type { TopicGate } from '../leading/topic-gate.js'
import type { ClusterContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import type { ChangeSignal } from '../change-signal.js'
import { ForwardBatch } from './forward-batch.js'
import { askThere } from './ask-there.js'
import type { Route } from './route.js'

export interface ForwarderOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly gate: TopicGate
  readonly intake: AppendIntake
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
}

/**
 * Takes the appends of one topic to whoever leads its open segment. One batch is under way at a time, and what waits
 * meanwhile goes into the next; so the order is kept. A batch whose outcome is not known is sent again, unchanged, to
 * whoever leads by then, this node perhaps; what is stored already is not stored again.
 */
export class Forwarder {
  readonly #options: ForwarderOptions
  #sequence = 0
  #busy = false
  #closed = false

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  /** Appends wait, or the route has changed. */
  pump(): void {
    if (this.#busy || this.#closed || this.#options.route().kind !== 'there') return
    if (this.#options.gate.heldCount === 0) return
    this.#busy = true
    this.#options.gate.block()
    void this.#run()
  }

  /** Sends nothing any more. */
  close(): void {
    this.#closed = true
  }

  /** Never rejects: a failure goes to the appends that it concerns. */
  async #run(): Promise<void> {
    const { context, gate, route } = this.#options
    // All appends of one turn of the event loop go together.
    await Promise.resolve()
    const limits = { maxEntries: context.limits.forwardEntriesMax, maxBytes: context.limits.forwardBytesMax }
    while (route().kind === 'there' && !this.#closed) {
      const held = gate.takeHeld(limits)
      if (held.length === 0) break
      const batch = new ForwardBatch(this.#options.topic, context.clock, held, this.#sequence)
      this.#sequence += held.length
      await this.#deliver(batch)
    }
    this.#busy = false
    gate.unblock()
  }

  async #deliver(batch: ForwardBatch): Promise<void> {
    for (let attempt = 1; !batch.isOver && !this.#closed; attempt += 1) {
      const route = this.#options.route()
      try {
        const answer = await this.#send(batch, route)
        if (answer !== undefined) batch.succeed(answer.count, answer.firstOffset)
        if (answer !== undefined) attempt = 0
      } catch (error) {
        if (!mayBeTriedAgain(error)) return batch.fail(error as Error)
        if (this.#options.route() === route) await this.#pause(batch, attempt)
      }
    }
    if (this.#closed) batch.fail(new WalrusError('STORAGE_CLOSED', 'Cannot use this node: it is closed'))
    batch.close()
  }

  /** Undefined: there was nobody to send it to, and now there may be. */
  async #send(batch: ForwardBatch, route: Route): Promise<AppendAnswer | undefined> {
    const { context, intake } = this.#options
    const { sequence, entries } = batch
    const numbered = { producerId: context.producerId, sequence, entries, whole: false }
    if (route.kind === 'here') {
      batch.sent = true
      return await intake.append(numbered)
    }
    if (route.kind === 'nowhere') {
      await this.#options.routeChanged.next(context.clock, batch.leftMs)
      return undefined
    }
    if (!context.liveness.live().has(route.leader)) {
      await this.#options.routeChanged.next(context.clock, context.limits.heartbeatMs)
      return undefined
    }
    const payload = appendRequest.encode(
      { topic: this.#options.topic, segment: route.segment, ...numbered },
      batch.sizeBytes,
    )
    batch.sent = true
    return readAnswer(route.leader, await this.#ask(route, payload, batch.leftMs))
  }

  #ask(route: Route & { readonly kind: 'there' }, payload: Uint8Array, leftMs: number): Promise<Uint8Array> {
    const { context, route: current, routeChanged } = this.#options
    const timeoutMs = Math.max(1, Math.min(leftMs, context.limits.silenceMs))
    const question = { node: route.leader, kind: CLUSTER_REQUESTS.append, payload, timeoutMs }
    const { clock, limits } = context
    return askThere(context.peers, question, { clock, graceMs: limits.heartbeatMs, route, current, routeChanged })
  }

  #pause(batch: ForwardBatch, attempt: number): Promise<void> {
    const { context, routeChanged } = this.#options
    const waitMs = Math.max(0, Math.min(batch.leftMs, backoffMs(attempt, context.limits)))
    return routeChanged.next(context.clock, waitMs)
  }
}

/** Nothing was done, or nobody knows: a repetition is harmless. Everything else is final. */
function mayBeTriedAgain(error: unknown): boolean {
  if (!(error instanceof WalrusError)) return false
  return ['NOT_LEADER', 'UNAVAILABLE', 'TIMED_OUT', 'SEGMENT_SEALED'].includes(error.code)
}

function readAnswer(leader: NodeId, bytes: Uint8Array): AppendAnswer {
  const answer = appendAnswer.decode(bytes)
  if (typeof answer !== 'string' && answer.count > 0) return answer
  throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${leader} to an append`)
}
