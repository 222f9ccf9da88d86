import { reasonOf, TAKE_SLOTS, WalrusError, type StoredEntry } from '@walrus/core'
import { CLUSTER_REQUESTS, entriesAnswer, takeRequest, timedOutMessage } from '@walrus/protocol'
import type { ChangeSignal } from '../change-signal.js'
import type { NumberedTake } from '../leading/take-intake.js'
import type { ClusterContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import { askThere } from './ask-there.js'
import { mayBeAskedAgain } from './may-be-asked-again.js'
import type { Route } from './route.js'

/** What is wanted at a cursor. */
export type WantedEntries = Pick<NumberedTake, 'cursor' | 'countMax' | 'bytesMax'>

export interface RemoteTakesOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
  /** Takes at a cursor of this node, for when it leads by then. */
  readonly takeHere: (take: NumberedTake) => Promise<readonly StoredEntry[]>
}

/**
 * Takes entries at the cursors of a topic that another node leads. Each question is numbered, and asked again, unchanged, of
 * whoever leads by then, until its answer is known: it is answered once.
 */
export class RemoteTakes {
  readonly #options: RemoteTakesOptions
  readonly #freeSlots: number[] = Array.from({ length: TAKE_SLOTS }, (_, slot) => slot)
  readonly #waiting: ((slot: number) => void)[] = []
  #number: number
  #closed: WalrusError | undefined

  constructor(options: RemoteTakesOptions) {
    this.#options = options
    this.#number = Math.floor(options.context.producerId / 2)
  }

  /**
   * The next entries; none at the end. Rejects with `TIMED_OUT` when nobody has answered until `deadlineMs` on the monotonic
   * clock: then the cursor may have passed entries that nobody gets.
   */
  async take(wanted: WantedEntries, deadlineMs: number): Promise<readonly StoredEntry[]> {
    const slot = this.#freeSlots.pop() ?? (await new Promise<number>((resolve) => this.#waiting.push(resolve)))
    try {
      this.#number += 1
      const take = { ...wanted, node: this.#options.context.nodeId, slot, number: this.#number }
      return await this.#takeUntilKnown(take, deadlineMs)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#freeSlots.push(slot)
      else next(slot)
    }
  }

  /** Whoever waits fails with `error`. */
  close(error: WalrusError): void {
    this.#closed = error
  }

  async #takeUntilKnown(take: NumberedTake, deadlineMs: number): Promise<readonly StoredEntry[]> {
    const { context, topic, route, routeChanged } = this.#options
    const { clock, limits } = context
    let obstacle: unknown = 'nobody leads it'
    for (let attempt = 1; ; attempt += 1) {
      if (this.#closed !== undefined) throw this.#closed
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) {
        const why = timedOutMessage(`"${topic}" had no leader that answers: ${reasonOf(obstacle)}`)
        throw new WalrusError('TIMED_OUT', why)
      }
      const taken = route()
      try {
        return await this.#ask(take, taken, leftMs)
      } catch (error) {
        if (!mayBeAskedAgain(error)) throw error
        obstacle = error
        if (route() === taken) await routeChanged.next(clock, Math.min(leftMs, backoffMs(attempt, limits)))
      }
    }
  }

  async #ask(take: NumberedTake, route: Route, leftMs: number): Promise<readonly StoredEntry[]> {
    const { context, topic, takeHere, routeChanged } = this.#options
    if (route.kind === 'here') return await takeHere(take)
    if (route.kind === 'nowhere' || !context.liveness.live().has(route.leader)) {
      throw new WalrusError('NOT_LEADER', `Cannot read from "${topic}": nobody leads it`)
    }
    const { clock, limits } = context
    const payload = takeRequest.encode({ topic, segment: route.segment, ...take, ...boundsOf(take) })
    const timeoutMs = Math.max(1, Math.min(leftMs, limits.silenceMs))
    const question = { node: route.leader, kind: CLUSTER_REQUESTS.take, payload, timeoutMs }
    const way = { clock, graceMs: limits.heartbeatMs, route, current: this.#options.route, routeChanged }
    const answer = entriesAnswer.decode(await askThere(context.peers, question, way))
    if (typeof answer !== 'string') return answer.entries
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${route.leader}: ${answer}`)
  }
}

function boundsOf({ countMax, bytesMax }: NumberedTake): { readonly count: number; readonly maxBytes: number } {
  return { count: Math.min(countMax, U32_MAX), maxBytes: Math.min(bytesMax, U32_MAX) }
}

const U32_MAX = 2 ** 32 - 1

/** Entries that one question may ask for. */
export const TAKEN_AT_ONCE_MAX = 1024
