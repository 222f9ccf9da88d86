import { SHARED_CURSOR, WalrusError, type StoredEntry, type TakenRange } from '@walrus/core'
import type { ChangeSignal } from '../change-signal.js'
import type { SharedCursor } from '../leading/shared-cursor.js'
import { TakeIntake, type NumberedTake } from '../leading/take-intake.js'
import { TopicCursors } from '../leading/topic-cursors.js'
import type { TopicGate } from '../leading/topic-gate.js'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import type { SegmentReader } from '../reading/segment-reader.js'
import { RemoteTaker } from './remote-taker.js'
import { RemoteTakes, type WantedEntries } from './remote-takes.js'
import { notLeader, type Route } from './route.js'

export interface TopicTakesOptions {
  readonly context: ClusterContext
  readonly topic: string
  readonly reader: SegmentReader
  readonly gate: TopicGate
  readonly route: () => Route
  readonly routeChanged: ChangeSignal
  /** The segment that is led here; undefined when none is, or it is not ready yet. */
  readonly segment: () => OpenSegment | undefined
}

/** The cursors of a topic: at this node, while it leads the open segment, or with the node that does. */
export class TopicTakes {
  readonly #options: TopicTakesOptions
  readonly #cursors: TopicCursors
  readonly #intake: TakeIntake
  readonly #remote: RemoteTakes
  readonly #taker: RemoteTaker

  constructor(options: TopicTakesOptions) {
    const { context, topic, gate, reader, route, routeChanged } = options
    const { clock } = context
    const { requestTimeoutMs } = context.limits
    this.#options = options
    this.#cursors = new TopicCursors({ context, topic, gate, reader })
    this.#intake = new TakeIntake({
      gate,
      cursor: (name) => this.cursor(name),
      read: (range) => this.#readAgain(range),
    })
    const takeHere = (take: NumberedTake): Promise<readonly StoredEntry[]> => this.intake(take)
    this.#remote = new RemoteTakes({ context, topic, route, routeChanged, takeHere })
    this.#taker = new RemoteTaker({ clock, requestTimeoutMs, takes: this.#remote })
  }

  /** The next entry at the shared cursor, wherever that is; undefined at the end. */
  async next(): Promise<StoredEntry | undefined> {
    const here = await this.#takeHere({ cursor: SHARED_CURSOR, countMax: 1, bytesMax: Infinity })
    if (here !== undefined) return here[0]
    const { lastAppend } = this.#options.gate
    const entry = await this.#taker.next()
    if (entry !== undefined || lastAppend?.state !== 'pending') return entry
    // What is on its way may be what this caller has just written: it looks again before it answers "empty".
    await new Promise<void>((resolve) => lastAppend.onSettled(() => resolve()))
    return await this.#taker.next()
  }

  /** The next entries at a cursor, wherever that is; none at the end. */
  async take(wanted: WantedEntries): Promise<readonly StoredEntry[]> {
    const { clock, limits } = this.#options.context
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    return (await this.#takeHere(wanted)) ?? (await this.#remote.take(wanted, deadlineMs))
  }

  /** What other nodes take; see `TakeIntake.take`. Rejects with `NOT_LEADER` unless the segment is led here. */
  async intake(take: NumberedTake): Promise<readonly StoredEntry[]> {
    this.#assertHere()
    return await this.#intake.take(take)
  }

  /** A cursor of the topic. Throws `NOT_LEADER` unless the segment is led here, and `UNAVAILABLE` when there are too many. */
  cursor(name: string): SharedCursor {
    this.#assertHere()
    return this.#cursors.open(name, this.#options.segment()?.topicState.cursors)
  }

  /** Another node leads. */
  reset(): void {
    this.#cursors.reset()
  }

  /** Frees what a cursor read ahead and nobody took. */
  tick(): void {
    this.#cursors.tick()
  }

  /** Whoever waits fails with `error`. */
  close(error: WalrusError): void {
    this.#remote.close(error)
  }

  /** Undefined when another node leads, and nothing was taken. */
  async #takeHere({ cursor, countMax, bytesMax }: WantedEntries): Promise<readonly StoredEntry[] | undefined> {
    if (this.#options.route().kind !== 'here') return undefined
    try {
      return await this.cursor(cursor).take(countMax, bytesMax)
    } catch (error) {
      if (error instanceof WalrusError && error.code === 'NOT_LEADER') return undefined
      throw error
    }
  }

  /** What was given out once, as far as retention has left it. */
  async #readAgain({ from, to }: TakenRange): Promise<readonly StoredEntry[]> {
    const { context, reader, topic } = this.#options
    const { readAheadBytesMax: maxBytes } = context.limits
    const found: StoredEntry[] = []
    while (from + found.length < to) {
      const next = await reader.read(topic, from + found.length, { maxEntries: to - from - found.length, maxBytes })
      if (next.length === 0 || (next[0]?.offset ?? to) >= to) break
      found.push(...next)
    }
    return found
  }

  #assertHere(): void {
    const route = this.#options.route()
    if (route.kind !== 'here') throw notLeader(this.#options.topic, route)
  }
}
