import { SHARED_CURSOR, WalrusError, type CommitTicket, type StoredEntry } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { NodeContext } from './node-context.js'
import { readEntries } from './read-entries.js'
import type { TopicGate } from './topic-gate.js'
import { WaitingLine } from './waiting-line.js'

/**
 * The topic's shared cursor, strictly at once: that the cursor has passed an entry is durable before the entry is delivered,
 * so no entry is ever delivered twice. Concurrent calls get distinct entries in the order of the calls.
 *
 * One cursor commit is under way at a time, for as many entries as there were calls: the calls that arrive meanwhile share
 * the next one. So a failed commit leaves the cursor where it was, and nothing has to be taken back.
 */
export class SharedCursor {
  readonly #context: NodeContext
  readonly #topic: string
  readonly #gate: TopicGate
  readonly #calls: WaitingLine<Call>
  #callCount = 0
  /** Topic offset of the next entry to deliver; undefined until the first call. */
  #offset: number | undefined
  /** What was read ahead; the entry at `#aheadAt` is the one at `#offset`. */
  #ahead: readonly StoredEntry[] = []
  #aheadAt = 0
  #serving = false
  #usedSinceTick = false

  constructor(context: NodeContext, topic: string, gate: TopicGate) {
    const { clock, limits } = context
    this.#context = context
    this.#topic = topic
    this.#gate = gate
    this.#calls = new WaitingLine({
      clock,
      timeoutMs: limits.requestTimeoutMs,
      giveUp: (call) => call.reject(this.#timedOut()),
    })
  }

  /** The next entry; undefined when the cursor is at the end of what is committed. */
  next(): Promise<StoredEntry | undefined> {
    return new Promise((resolve, reject) => {
      this.#callCount += 1
      this.#calls.push({ number: this.#callCount, resolve, reject })
      if (!this.#serving) void this.#serveAll()
    })
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
    else for (const call of this.#takeUpTo(last)) call.resolve(undefined)
  }

  get #aheadCount(): number {
    return this.#ahead.length - this.#aheadAt
  }

  #forgetAhead(): void {
    this.#ahead = []
    this.#aheadAt = 0
  }

  async #readAhead(): Promise<void> {
    const lastAppend = this.#gate.lastAppend
    this.#forgetAhead()
    this.#offset ??= await this.#gate.whenOpen((log) => log.topicState.cursors.get(SHARED_CURSOR) ?? 0)
    this.#ahead = await readEntries(this.#context, this.#topic, this.#offset)
    if (this.#ahead.length > 0 || lastAppend?.state !== 'pending') return
    // What is being committed may be what this caller has just written: it looks again before it answers "empty".
    await settled(lastAppend)
    this.#ahead = await readEntries(this.#context, this.#topic, this.#offset)
  }

  async #deliver(): Promise<void> {
    const calls = this.#take(this.#aheadCount)
    const entries = this.#ahead.slice(this.#aheadAt, this.#aheadAt + calls.length)
    const last = entries.at(-1)
    if (last === undefined) return
    try {
      await this.#commit(last.offset + 1)
    } catch (error) {
      for (const call of calls) call.reject(error)
      return
    }
    this.#offset = last.offset + 1
    this.#aheadAt += entries.length
    for (const [at, call] of calls.entries()) call.resolve(entries[at])
  }

  async #commit(offset: number): Promise<void> {
    const ticket = await this.#gate.whenOpen((log) => log.commitCursor(SHARED_CURSOR, offset))
    await ticket.done()
  }

  #take(countMax: number): Call[] {
    const calls: Call[] = []
    while (calls.length < countMax) {
      const call = this.#calls.shift()
      if (call === undefined) break
      calls.push(call)
    }
    return calls
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
    const { requestTimeoutMs } = this.#context.limits
    return new WalrusError(
      'TIMED_OUT',
      timedOutMessage(`"${this.#topic}" had no turn at its cursor for ${requestTimeoutMs} ms`),
    )
  }
}

interface Call {
  readonly number: number
  readonly resolve: (entry: StoredEntry | undefined) => void
  readonly reject: (error: unknown) => void
}

function settled(ticket: CommitTicket): Promise<void> {
  return new Promise((resolve) => {
    ticket.onSettled(() => resolve())
  })
}
