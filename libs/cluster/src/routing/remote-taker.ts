import { NotAskedError, WalrusError, type StoredEntry } from '@walrus/core'
import { CLUSTER_REQUESTS, entriesAnswer, takeRequest, timedOutMessage } from '@walrus/protocol'
import type { ChangeSignal } from '../change-signal.js'
import type { ClusterContext } from '../node-context.js'
import { WaitingLine } from '../waiting-line.js'
import type { Route } from './route.js'

export interface RemoteTakerOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
  /** Takes at the cursor of this node, for when it leads by then. */
  readonly takeHere: (countMax: number) => Promise<readonly StoredEntry[]>
}

/**
 * Takes entries at the shared cursor of a topic that another node leads. One question is under way at a time, for as many
 * entries as there were calls. A question without an answer is not asked again: the cursor may have passed the entries.
 */
export class RemoteTaker {
  readonly #options: RemoteTakerOptions
  readonly #calls: WaitingLine<Call>
  #busy = false

  constructor(options: RemoteTakerOptions) {
    const { clock, limits } = options.context
    this.#options = options
    this.#calls = new WaitingLine({
      clock,
      timeoutMs: limits.requestTimeoutMs,
      giveUp: (call) => call.reject(this.#timedOut()),
    })
  }

  /** The next entry; undefined at the end. */
  next(): Promise<StoredEntry | undefined> {
    return new Promise((resolve, reject) => {
      const { clock, limits } = this.#options.context
      this.#calls.push({ deadlineMs: clock.monotonicMs() + limits.requestTimeoutMs, resolve, reject })
      if (!this.#busy) void this.#serveAll()
    })
  }

  /** Whoever waits fails with `error`. */
  fail(error: Error): void {
    for (const call of this.#calls.takeAll()) call.reject(error)
  }

  /** Never rejects: a failure goes to the calls that it concerns. */
  async #serveAll(): Promise<void> {
    this.#busy = true
    // All calls of one turn of the event loop go together.
    await Promise.resolve()
    while (this.#calls.size > 0) await this.#serve()
    this.#busy = false
  }

  async #serve(): Promise<void> {
    const { context, route, routeChanged } = this.#options
    const asked = route()
    const isReachable = asked.kind === 'there' ? context.liveness.live().has(asked.leader) : asked.kind === 'here'
    if (!isReachable) return await routeChanged.next(context.clock, context.limits.heartbeatMs)
    const count = Math.min(this.#calls.size, context.limits.readAheadEntriesMax)
    // They have left the line, so that nobody's time runs out while his entry is on its way.
    const calls = this.#shift(count)
    try {
      this.#distribute(calls, await this.#take(asked, count))
    } catch (error) {
      if (!isCertainlyNotDone(error)) return rejectAll(calls, error)
      this.#putBack(calls)
      if (route() === asked) await routeChanged.next(context.clock, context.limits.retryMinMs)
    }
  }

  async #take(route: Route, count: number): Promise<readonly StoredEntry[]> {
    if (route.kind !== 'there') return await this.#options.takeHere(count)
    const { context, topic } = this.#options
    const payload = takeRequest.encode({ topic, segment: route.segment, count })
    const timeoutMs = context.limits.requestTimeoutMs
    const bytes = await context.peers.request(route.leader, CLUSTER_REQUESTS.take, payload, timeoutMs)
    const answer = entriesAnswer.decode(bytes)
    if (typeof answer !== 'string') return answer.entries
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${route.leader}: ${answer}`)
  }

  /** Nothing found is the end for everybody; else those without an entry ask again. */
  #distribute(calls: readonly Call[], entries: readonly StoredEntry[]): void {
    const served = entries.length === 0 ? calls.length : entries.length
    for (const [at, call] of calls.slice(0, served).entries()) call.resolve(entries[at])
    this.#putBack(calls.slice(served))
  }

  #putBack(calls: readonly Call[]): void {
    this.#calls.putBack(calls.map((call) => ({ item: call, deadlineMs: call.deadlineMs })))
  }

  #shift(count: number): Call[] {
    const calls: Call[] = []
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      calls.push(call)
      if (calls.length === count) break
    }
    return calls
  }

  #timedOut(): WalrusError {
    const { topic, context } = this.#options
    const { requestTimeoutMs } = context.limits
    return new WalrusError(
      'TIMED_OUT',
      timedOutMessage(`"${topic}" had no leader that answers for ${requestTimeoutMs} ms`),
    )
  }
}

interface Call {
  readonly deadlineMs: number
  readonly resolve: (entry: StoredEntry | undefined) => void
  readonly reject: (error: unknown) => void
}

function isCertainlyNotDone(error: unknown): boolean {
  return error instanceof NotAskedError || (error instanceof WalrusError && error.code === 'NOT_LEADER')
}

function rejectAll(calls: readonly Call[], error: unknown): void {
  for (const call of calls) call.reject(error)
}
