import { takeMark, WalrusError, type CommitTicket, type ReadLimits, type StoredEntry, type Take } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { WaitingLine } from '../waiting-line.js'
import type { TakeDoubts } from './take-doubts.js'
import type { TopicGate } from './topic-gate.js'

export interface SharedCursorOptions {
  readonly context: Pick<ClusterContext, 'clock' | 'limits' | 'trace'> & {
    readonly lease: Pick<ClusterContext['lease'], 'check'>
  }
  readonly topic: string
  /** Its name, as the topic's state has it. */
  readonly cursor: string
  readonly gate: TopicGate
  /** Of all cursors of the topic. */
  readonly doubts: TakeDoubts
  /** Committed entries from a topic offset on. */
  readonly read: (offset: number, limits: ReadLimits) => Promise<readonly StoredEntry[]>
}

/**
 * A cursor of a topic that any number of readers share, strictly at once: that the cursor has passed an entry is durable before
 * the entry is delivered, so no entry is ever delivered twice. Concurrent calls get distinct entries in the order of the calls.
 * It works on the node that leads the open segment, and knows nothing from before that.
 *
 * One cursor commit is under way at a time, for as many entries as there were calls: the calls that arrive meanwhile share
 * the next one. So a failed commit leaves the cursor where it was, and nothing has to be taken back.
 */
export class SharedCursor {
  readonly #options: SharedCursorOptions
  readonly #calls: WaitingLine<Call>
  readonly #moves: Move[] = []
  #callCount = 0
  /** Topic offset of the next entry to deliver; undefined until the first call. */
  #offset: number | undefined
  /** What was read ahead; the entry at `#aheadAt` is the one at `#offset`. */
  #ahead: readonly StoredEntry[] = []
  #aheadAt = 0
  #serving = false
  #usedSinceTick = false
  /** Grows whenever all that is known here is forgotten. */
  #life = 0

  constructor(options: SharedCursorOptions) {
    const { clock, limits } = options.context
    this.#options = options
    this.#calls = new WaitingLine({
      clock,
      timeoutMs: limits.requestTimeoutMs,
      giveUp: (call) => call.reject(this.#timedOut()),
    })
  }

  /**
   * The next entries, at most `countMax` and while `bytesMax` holds (the first whatever its size), as many as are at hand; none
   * when the cursor is at the end of what is committed. Rejects with `NOT_LEADER` when nothing was taken.
   * @param take whose question this is, for the topic's state to remember the answer
   */
  take(countMax: number, bytesMax = Number.POSITIVE_INFINITY, take?: Take): Promise<readonly StoredEntry[]> {
    return new Promise((resolve, reject) => {
      this.#callCount += 1
      this.#calls.push({ number: this.#callCount, countMax, bytesMax, take, resolve, reject })
      if (!this.#serving) void this.#serveAll()
    })
  }

  /**
   * Sets the cursor to what `target` makes of its offset and of the topic's end, behind all that is being delivered; resolves
   * with where it is, durably. Rejects with what `target` throws.
   */
  move(target: (offset: number, end: number) => number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#moves.push({ after: this.#callCount, target, resolve, reject })
      if (!this.#serving) void this.#serveAll()
    })
  }

  /** Topic offset of the next entry to deliver. */
  position(): Promise<number> {
    return this.#options.gate.whenOpen((segment) => this.#offset ?? this.#stored(segment))
  }

  /** Another node leads now: whoever leads here next begins where the cursor is by then. What is under way commits nothing. */
  reset(): void {
    this.#life += 1
    this.#offset = undefined
    this.#forgetAhead()
    for (const call of this.#calls.takeAll()) call.reject(this.#notLeader())
    for (const move of this.#moves.splice(0)) move.reject(this.#notLeader())
  }

  /** Frees what was read ahead, if nobody asked since the last tick. */
  tick(): void {
    if (!this.#usedSinceTick && !this.#serving) this.#forgetAhead()
    this.#usedSinceTick = false
  }

  /** Never rejects: a failure goes to the calls that it concerns. */
  async #serveAll(): Promise<void> {
    this.#serving = true
    this.#usedSinceTick = true
    // All calls of one turn of the event loop are served together.
    await Promise.resolve()
    while (this.#calls.size > 0 || this.#moves.length > 0) {
      const move = this.#moves[0]
      const last = move?.after ?? this.#callCount
      if (move === undefined || (this.#calls.first?.number ?? Number.POSITIVE_INFINITY) <= last) await this.#serve(last)
      else await this.#move(this.#moves.shift() ?? move)
    }
    this.#serving = false
  }

  /** Never rejects. */
  async #move({ target, resolve, reject }: Move): Promise<void> {
    const life = this.#life
    const { context, topic, cursor } = this.#options
    try {
      const wanted = await this.#options.gate.whenOpen((segment) => {
        const offset = this.#offset ?? this.#stored(segment)
        const next = target(offset, segment.baseOffset + segment.committedCount)
        if (next === offset) return { next, ticket: undefined }
        const ticket = segment.commitCursor(cursor, next)
        context.trace?.record({ kind: 'cursor-moved', topic, cursor, offset: next })
        return { next, ticket }
      })
      await wanted.ticket?.done()
      this.#assertLife(life)
      if (wanted.ticket !== undefined) this.#forgetAhead()
      this.#offset = wanted.next
      resolve(wanted.next)
    } catch (error) {
      reject(error)
    }
  }

  #stored({ topicState }: OpenSegment): number {
    return topicState.cursors.get(this.#options.cursor) ?? 0
  }

  /** Serves calls up to number `last`; a later one may have seen an acknowledgement that this read does not show. */
  async #serve(last: number): Promise<void> {
    try {
      if (this.#aheadCount === 0) await this.#readAhead()
    } catch (error) {
      for (const call of this.#takeUpTo(last)) call.reject(error)
      return
    }
    if (this.#aheadCount > 0) await this.#deliver(last)
    else for (const call of this.#takeUpTo(last)) call.resolve([])
  }

  get #aheadCount(): number {
    return this.#ahead.length - this.#aheadAt
  }

  #forgetAhead(): void {
    this.#ahead = []
    this.#aheadAt = 0
  }

  async #readAhead(): Promise<void> {
    const { context, gate } = this.#options
    const life = this.#life
    const lastAppend = gate.lastAppend
    this.#forgetAhead()
    const offset = this.#offset ?? (await gate.whenOpen((segment) => this.#stored(segment)))
    this.#assertLife(life)
    this.#offset = offset
    let ahead = await this.#read(offset)
    // What is being committed may be what this caller has just written: it looks again before it answers "empty".
    if (ahead.length === 0 && lastAppend?.state === 'pending') {
      await settled(lastAppend)
      ahead = await this.#read(offset)
    }
    // Only a leader that may write knows that there is nothing more: another one may have gone on without it, while this process
    // was stopped, perhaps, and before it has looked at its lease again.
    if (ahead.length === 0) {
      context.lease.check()
      await gate.whenOpen(() => undefined)
    }
    this.#assertLife(life)
    this.#ahead = ahead
  }

  #read(offset: number): Promise<readonly StoredEntry[]> {
    const { readAheadEntriesMax: maxEntries, readAheadBytesMax: maxBytes } = this.#options.context.limits
    return this.#options.read(offset, { maxEntries, maxBytes })
  }

  async #deliver(lastCall: number): Promise<void> {
    const life = this.#life
    const shares = this.#share(lastCall)
    const entries = shares.flatMap((share) => share.entries)
    const last = entries.at(-1)
    if (last === undefined) return
    try {
      await this.#commit(shares, last.offset + 1, life)
    } catch (error) {
      for (const { call } of shares) call.reject(error)
      return
    }
    if (life === this.#life) {
      this.#offset = last.offset + 1
      this.#aheadAt += entries.length
    }
    this.#traceDelivery(entries)
    for (const share of shares) share.call.resolve(share.entries)
  }

  #traceDelivery(entries: readonly StoredEntry[]): void {
    const { context, topic, cursor } = this.#options
    const [first] = entries
    if (first === undefined) return
    context.trace?.record({ kind: 'delivered', topic, cursor, offset: first.offset, entryCount: entries.length })
  }

  /** One batch: the cursor is past the entries exactly when the topic's state says what became of each question. */
  async #commit(shares: readonly Share[], offset: number, life: number): Promise<void> {
    const { gate, cursor, doubts } = this.#options
    const takes = shares.flatMap(({ call: { take } }) => take ?? [])
    const { ticket, commit } = await gate.whenOpen((segment) => {
      this.#assertLife(life)
      const commit = doubts.begin(takes)
      const records = [...commit.records, ...shares.flatMap(markOf)]
      for (const [name, value] of records) segment.commitCursor(name, value)
      return { ticket: segment.commitCursor(cursor, offset), commit }
    })
    try {
      await ticket.done()
    } catch (error) {
      if (life === this.#life) commit.failed()
      throw error
    }
    commit.succeeded()
  }

  /** Gives what was read ahead to those who wait, up to call number `lastCall`, each at most what he asked for. */
  #share(lastCall: number): Share[] {
    const shares: Share[] = []
    for (let at = this.#aheadAt; at < this.#ahead.length;) {
      const call = this.#calls.first
      if (call === undefined || call.number > lastCall) break
      this.#calls.shift()
      const entries = this.#ahead.slice(at, this.#shareEnd(at, call))
      shares.push({ call, entries })
      at += entries.length
    }
    return shares
  }

  #shareEnd(start: number, { countMax, bytesMax }: Call): number {
    let bytes = 0
    let end = start
    for (; end < this.#ahead.length && end - start < countMax; end += 1) {
      bytes += this.#ahead[end]?.data.length ?? 0
      if (end > start && bytes > bytesMax) break
    }
    return end
  }

  #assertLife(life: number): void {
    if (life !== this.#life) throw this.#notLeader()
  }

  #notLeader(): WalrusError {
    return new WalrusError('NOT_LEADER', `Cannot read from "${this.#options.topic}": another node leads it now`)
  }

  #takeUpTo(last: number): Call[] {
    const calls: Call[] = []
    for (let call = this.#calls.first; call !== undefined && call.number <= last; call = this.#calls.first) {
      calls.push(call)
      this.#calls.shift()
    }
    return calls
  }

  #timedOut(): WalrusError {
    const { topic, context } = this.#options
    const { requestTimeoutMs } = context.limits
    return new WalrusError(
      'TIMED_OUT',
      timedOutMessage(`"${topic}" had no turn at its cursor for ${requestTimeoutMs} ms`),
    )
  }
}

interface Call {
  readonly number: number
  /** From 1. */
  readonly countMax: number
  readonly bytesMax: number
  readonly take: Take | undefined
  readonly resolve: (entries: readonly StoredEntry[]) => void
  readonly reject: (error: unknown) => void
}

interface Move {
  /** The number of the last call before it. */
  readonly after: number
  readonly target: (offset: number, end: number) => number
  readonly resolve: (offset: number) => void
  readonly reject: (error: unknown) => void
}

interface Share {
  readonly call: Call
  readonly entries: readonly StoredEntry[]
}

function markOf({ call: { take }, entries }: Share): ReturnType<typeof takeMark> {
  const [first, last] = [entries[0], entries.at(-1)]
  if (take === undefined || first === undefined || last === undefined) return []
  return takeMark(take, { from: first.offset, to: last.offset + 1 })
}

function settled(ticket: CommitTicket): Promise<void> {
  return new Promise((resolve) => {
    ticket.onSettled(() => resolve())
  })
}
