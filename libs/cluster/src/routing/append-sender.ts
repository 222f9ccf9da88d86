import { WalrusError } from '@walrus/core'
import { appendAnswer, appendRequest, CLUSTER_REQUESTS, type AppendAnswer } from '@walrus/protocol'
import type { ChangeSignal } from '../change-signal.js'
import type { AppendIntake, NumberedEntries } from '../leading/append-intake.js'
import type { ClusterContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import { askThere } from './ask-there.js'
import { mayBeAskedAgain } from './may-be-asked-again.js'
import type { Route } from './route.js'

export interface AppendSenderOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly intake: AppendIntake
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
}

/** How long somebody waits, and what he wants to know of the way. */
export interface Sending {
  /** On the monotonic clock. */
  readonly deadlineMs: number
  /** It goes to a leader, this node perhaps: from now on it may be stored. */
  readonly onSent?: () => void
}

/**
 * Takes numbered entries to whoever leads the topic's open segment, this node perhaps, again and again, unchanged once they
 * were sent, until their outcome is known: they are stored once.
 */
export class AppendSender {
  readonly #options: AppendSenderOptions
  #closed: WalrusError | undefined

  constructor(options: AppendSenderOptions) {
    this.#options = options
  }

  /** Sends nothing any more: whoever waits fails with `error`. */
  close(error: WalrusError): void {
    this.#closed = error
  }

  /**
   * See `AppendIntake.append`. `numbered` is asked for at each attempt: what it gives may get less until it was sent, and stays the
   * same afterwards. Undefined when the deadline is over: nobody knows then. Rejects when nothing is stored.
   */
  async send(numbered: () => NumberedEntries, sending: Sending): Promise<AppendAnswer | undefined> {
    const { context, route, routeChanged } = this.#options
    const { clock, limits } = context
    for (let attempt = 1; ; attempt += 1) {
      if (this.#closed !== undefined) throw this.#closed
      const leftMs = sending.deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) return undefined
      const taken = route()
      try {
        return await this.#sendTo(taken, numbered(), { ...sending, leftMs })
      } catch (error) {
        if (!mayBeAskedAgain(error)) throw error
        if (route() === taken) await routeChanged.next(clock, Math.min(leftMs, backoffMs(attempt, limits)))
      }
    }
  }

  async #sendTo(
    route: Route,
    numbered: NumberedEntries,
    { leftMs, onSent }: Sending & { readonly leftMs: number },
  ): Promise<AppendAnswer> {
    const { context, topic, intake, routeChanged } = this.#options
    if (route.kind === 'here') {
      onSent?.()
      return await intake.append(numbered)
    }
    if (route.kind === 'nowhere' || !context.liveness.live().has(route.leader)) {
      throw new WalrusError('NOT_LEADER', `Cannot append to "${topic}": nobody leads it`)
    }
    const { clock, limits } = context
    const payload = appendRequest.encode({ topic, segment: route.segment, ...numbered }, sizeOf(numbered))
    const timeoutMs = Math.max(1, Math.min(leftMs, limits.silenceMs))
    const question = { node: route.leader, kind: CLUSTER_REQUESTS.append, payload, timeoutMs }
    const way = { clock, graceMs: limits.heartbeatMs, route, current: this.#options.route, routeChanged }
    onSent?.()
    const answer = appendAnswer.decode(await askThere(context.peers, question, way))
    if (typeof answer !== 'string' && isFor(answer, numbered)) return answer
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${route.leader} to an append`)
  }
}

function isFor({ count }: AppendAnswer, { entries, whole }: NumberedEntries): boolean {
  return whole ? count === entries.length : count > 0 && count <= entries.length
}

/** What they take up on the wire, about. */
function sizeOf({ entries }: NumberedEntries): number {
  return entries.reduce((sum, entry) => sum + entry.length + 4, 512)
}
