import { SHARED_CURSOR, WalrusError, type CommitTicket, type ReadLimits, type StoredEntry } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { WaitingLine } from '../waiting-line.js'
import type { TopicGate } from './topic-gate.js'

export interface SharedCursorOptions {
  readonly context: Pick<NodeContext, 'clock' | 'limits'>
  readonly topic: string
  readonly gate: TopicGate
  /** Committed entries from a topic offset on. */
  readonly read: (offset: number, limits: ReadLimits) => Promise<readonly StoredEntry[]>
}

/**
 * The topic's shared cursor, strictly at once: that the cursor has passed an entry is durable before the entry is delivered,
 * so no entry is ever delivered twice. Concurrent calls get distinct entries in the order of the calls. It works on the node
 * that leads the open segment, and knows nothing from before that.
 *
 * One cursor commit is under way at a time, for as many entries as there were calls: the calls that arrive meanwhile share
 * the next one. So a failed commit leaves the cursor where it was, and nothing has to be taken back.
 */
export class SharedCursor {
  readonly #options: SharedCursorOptions
  readonly #calls: WaitingLine<Call>
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

  /** The next entries, at most `countMax`, as many as are at hand; none when the cursor is at the end of what is committed. */
  take(countMax: number): Promise<readonly StoredEntry[]> {
    return new Promise((resolve, reject) => {
      this.#callCount += 1
      this.#calls.push({ number: this.#callCount, countMax, resolve, reject })
      if (!this.#serving) void this.#serveAll()
    })
  }

  /** Another node leads now: whoever leads here next begins where the cursor is by then. What is under way commits nothing. */
  reset(): void {
    this.#life += 1
    this.#offset = undefined
    this.#forgetAhead()
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
    while (this.#calls.size > 0) await this.#serve(this.#callCount)
    this.#serving = false
  }

  /** Serves calls up to number `last`; a later one may have seen an acknowledgement that this read does not show. */
  async #serve(last: number): Promise<void> {
    try {
      if (this.#aheadCount === 0) await this.#readAhead()
    } catch (error) {
      for (const call of this.#takeUpTo(last)) call.reject(error)
      return
    }
    if (this.#aheadCount > 0) await this.#deliver()
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
    const { gate } = this.#options
    const life = this.#life
    const lastAppend = gate.lastAppend
    this.#forgetAhead()
    const offset =
      this.#offset ?? (await gate.whenOpen((segment) => segment.topicState.cursors.get(SHARED_CURSOR) ?? 0))
    this.#assertLife(life)
    this.#offset = offset
    let ahead = await this.#read(offset)
    // What is being committed may be what this caller has just written: it looks again before it answers "empty".
    if (ahead.length === 0 && lastAppend?.state === 'pending') {
      await settled(lastAppend)
      ahead = await this.#read(offset)
    }
    // Only a leader that may write knows that there is nothing more: another one may have gone on without it.
    if (ahead.length === 0) await gate.whenOpen(() => undefined)
    this.#assertLife(life)
    this.#ahead = ahead
  }

  #read(offset: number): Promise<readonly StoredEntry[]> {
    const { readAheadEntriesMax: maxEntries, readAheadBytesMax: maxBytes } = this.#options.context.limits
    return this.#options.read(offset, { maxEntries, maxBytes })
  }

  async #deliver(): Promise<void> {
    const life = this.#life
    const shares = this.#share()
    const entries = shares.flatMap((share) => share.entries)
    const last = entries.at(-1)
    if (last === undefined) return
    try {
      await this.#commit(last.offset + 1, life)
    } catch (error) {
      for (const { call } of shares) call.reject(error)
      return
    }
    if (life === this.#life) {
      this.#offset = last.offset + 1
      this.#aheadAt += entries.length
    }
    for (const share of shares) share.call.resolve(share.entries)
  }

  async #commit(offset: number, life: number): Promise<void> {
    const ticket = await this.#options.gate.whenOpen((segment) => {
      this.#assertLife(life)
      return segment.commitCursor(SHARED_CURSOR, offset)
    })
    await ticket.done()
  }

  /** Gives what was read ahead to those who wait, each at most what he asked for. */
  #share(): Share[] {
    const shares: Share[] = []
    for (let at = this.#aheadAt; at < this.#ahead.length;) {
      const call = this.#calls.shift()
      if (call === undefined) break
      const entries = this.#ahead.slice(at, at + call.countMax)
      shares.push({ call, entries })
      at += entries.length
    }
    return shares
  }

  #assertLife(life: number): void {
    if (life === this.#life) return
    throw new WalrusError('NOT_LEADER', `Cannot read from "${this.#options.topic}": another node leads it now`)
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
  readonly resolve: (entries: readonly StoredEntry[]) => void
  readonly reject: (error: unknown) => void
}

interface Share {
  readonly call: Call
  readonly entries: readonly StoredEntry[]
}

function settled(ticket: CommitTicket): Promise<void> {
  return new Promise((resolve) => {
    ticket.onSettled(() => resolve())
  })
}
