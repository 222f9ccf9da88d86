import { WalrusError, type Clock, type CommitTicket, type SegmentLimits } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import { HeldAppend } from '../held-append.js'
import type { NodeLimits } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { WaitingLine } from '../waiting-line.js'

export interface TopicGateOptions {
  readonly topic: string
  readonly clock: Clock
  readonly limits: GateLimits
  /** The open segment has as many entries or bytes as it may have. The gate is to be closed before this returns. */
  readonly onFull: () => void
  /** A batch begins. If this node may not write any more, the gate is to be closed before this returns. */
  readonly onBatch: (ticket: CommitTicket) => void
  /** An append waits. */
  readonly onHeld: () => void
}

/** How much may wait at the closed gate, and how long (`requestTimeoutMs`). */
export type GateLimits = Pick<NodeLimits, 'requestTimeoutMs' | 'heldEntriesMax' | 'heldBytesMax'>

/**
 * What stands between a topic's writers and its open segment. While it is open, an append is a call to the segment. While
 * it is closed (the segment is being replaced, is another node's, or is not there yet), appends wait in order, and go to the
 * next segment, or are taken away in order. When it has failed, each call throws the reason.
 */
export class TopicGate {
  readonly #options: TopicGateOptions
  readonly #held: WaitingLine<HeldAppend>
  readonly #visitors: WaitingLine<Visitor>
  /** The segment that visitors get; undefined exactly while the gate is not open. */
  #segment: OpenSegment | undefined
  /** The same, unless appends that came before are on their way elsewhere: then newer ones wait. */
  #direct: OpenSegment | undefined
  #blocked = false
  /** Appends that came before all that wait here are being fetched back: nobody passes. */
  #returning = 0
  #entriesMax = 0
  #bytesMax = 0
  #heldBytes = 0
  #failure: WalrusError | undefined
  #lastAppend: CommitTicket | undefined
  /** Why it is closed, for those who wait too long. */
  #obstacle = ''

  constructor(options: TopicGateOptions) {
    const { clock } = options
    const timeoutMs = options.limits.requestTimeoutMs
    this.#options = options
    this.#held = new WaitingLine({ clock, timeoutMs, giveUp: (held) => this.#giveUp(held) })
    this.#visitors = new WaitingLine({ clock, timeoutMs, giveUp: (visitor) => visitor.fail(this.#timedOut('access')) })
  }

  /** The open segment; undefined while the gate is closed or has failed. */
  get segment(): OpenSegment | undefined {
    return this.#segment
  }

  /** Nothing gets through until it is opened or closed again. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** The newest append, held or not: when it is settled, all before it are. */
  get lastAppend(): CommitTicket | undefined {
    return this.#lastAppend
  }

  /** Appends that wait. */
  get heldCount(): number {
    return this.#held.size
  }

  /** Throws what `OpenSegment.append` throws, `UNAVAILABLE` when too much waits, or the reason why the gate has failed. */
  append(entry: Uint8Array): CommitTicket {
    const segment = this.#direct
    // The caller's buffer is free as soon as the append is accepted, as it is with a segment.
    if (segment === undefined) return this.#hold([new Uint8Array(entry)])
    const ticket = segment.append(entry)
    if (ticket !== this.#lastAppend) this.#beginBatch(ticket, segment)
    if (segment.appendedCount >= this.#entriesMax) this.#options.onFull()
    return ticket
  }

  /**
   * As `append`, all of the entries or none, though the segment gets more than it is to have by that. They must not change until
   * the ticket is settled.
   */
  appendBatch(entries: readonly Uint8Array[]): CommitTicket {
    const segment = this.#direct
    if (segment === undefined) return this.#hold(entries)
    const ticket = segment.appendBatch(entries)
    if (ticket !== this.#lastAppend) this.#beginBatch(ticket, segment)
    if (segment.appendedCount >= this.#entriesMax) this.#options.onFull()
    return ticket
  }

  /**
   * Calls `visit` with the open segment: now, or when the gate opens, before any append that waits. Rejects with what it
   * throws, with `TIMED_OUT`, or with the reason why the gate has failed.
   */
  whenOpen<Value>(visit: (segment: OpenSegment) => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure
      const enter = (segment: OpenSegment): void => enterWith(segment, visit, resolve, reject)
      if (this.#segment !== undefined) enter(this.#segment)
      else this.#visitors.push({ enter, fail: reject })
    })
  }

  /** Entries that the open segment takes before it is full; for a visitor. */
  roomIn(segment: OpenSegment): number {
    return this.#isFull(segment) ? 0 : this.#entriesMax - segment.appendedCount
  }

  /** A visitor has appended a batch. */
  afterVisit(segment: OpenSegment, ticket: CommitTicket): void {
    this.#options.onBatch(ticket)
    this.checkRoom(segment)
  }

  /** A visitor has found no room. */
  checkRoom(segment: OpenSegment): void {
    if (this.#segment === segment && this.#isFull(segment)) this.#options.onFull()
  }

  /** Appends and visitors wait from now on, because of `obstacle`. */
  close(obstacle: string): void {
    this.#segment = undefined
    this.#direct = undefined
    this.#failure = undefined
    this.#obstacle = obstacle
  }

  /** When a segment is full, from now on. */
  limit(limits: SegmentLimits): void {
    this.#entriesMax = limits.segmentEntriesMax
    this.#bytesMax = limits.segmentBytesMax
  }

  /** Lets visitors and then appends through to `segment`, until it is full. */
  open(segment: OpenSegment, limits: SegmentLimits): void {
    this.limit(limits)
    this.#failure = undefined
    this.#segment = segment
    if (this.#isFull(segment)) return this.#options.onFull()
    for (let visitor = this.#visitors.shift(); visitor !== undefined; visitor = this.#visitors.shift()) {
      visitor.enter(segment)
      if (this.#segment !== segment) return
    }
    this.#releaseIfClear()
  }

  /** Appends wait, open or not, until `unblock`: others that came before them are on their way elsewhere. */
  block(): void {
    this.#blocked = true
    this.#direct = undefined
  }

  unblock(): void {
    this.#blocked = false
    this.#releaseIfClear()
  }

  /** Appends come back that came before all that wait: until they are here, nobody passes. Never rejects. */
  async takeBack(coming: Promise<readonly HeldAppend[]>): Promise<void> {
    this.#returning += 1
    this.#direct = undefined
    const appends = await coming
    this.#returning -= 1
    if (this.#failure !== undefined) for (const append of appends) append.fail(this.#failure)
    else this.#held.putBack(appends.map((item) => ({ item, deadlineMs: item.deadlineMs })))
    if (this.#failure === undefined) this.#heldBytes += appends.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.#releaseIfClear()
    if (this.#held.size > 0) this.#options.onHeld()
  }

  #releaseIfClear(): void {
    if (this.#segment !== undefined && !this.#blocked && this.#returning === 0) this.#release(this.#segment)
  }

  /**
   * Takes appends that wait out of the line: at least one if there is one, then while both limits hold; either all of one entry,
   * or all of several.
   */
  takeHeld(limits: { readonly maxEntries: number; readonly maxBytes: number }): HeldAppend[] {
    const taken: HeldAppend[] = []
    if (this.#returning > 0) return taken
    let [entries, bytes] = [0, 0]
    for (let next = this.#held.first; next !== undefined; next = this.#held.first) {
      const [first = next] = taken
      entries += next.entries.length
      bytes += next.sizeBytes
      const fits = entries <= limits.maxEntries && bytes <= limits.maxBytes
      if (taken.length > 0 && (!fits || isSingle(first) !== isSingle(next))) break
      this.#held.shift()
      this.#heldBytes -= next.sizeBytes
      taken.push(next)
    }
    return taken
  }

  /** Visitors do not wait here any more: they are to go elsewhere. */
  evict(error: WalrusError): void {
    for (const visitor of this.#visitors.takeAll()) visitor.fail(error)
  }

  /** Nothing gets through any more; what waits fails with `error`. */
  fail(error: WalrusError): void {
    this.#segment = undefined
    this.#direct = undefined
    this.#failure = error
    this.#heldBytes = 0
    this.evict(error)
    for (const held of this.#held.takeAll()) held.fail(error)
  }

  /** Bytes and lease are looked at once per batch: a batch is small beside a segment, and appending is the hot path. */
  #beginBatch(ticket: CommitTicket, segment: OpenSegment): void {
    this.#lastAppend = ticket
    this.#options.onBatch(ticket)
    if (this.#direct === segment && this.#isFull(segment)) this.#options.onFull()
  }

  #hold(entries: readonly Uint8Array[]): CommitTicket {
    if (this.#failure !== undefined) throw this.#failure
    const { clock, limits } = this.#options
    const held = new HeldAppend(entries, clock.monotonicMs() + limits.requestTimeoutMs)
    this.#assertRoom(held.sizeBytes)
    this.#heldBytes += held.sizeBytes
    this.#held.push(held)
    this.#lastAppend = held
    this.#options.onHeld()
    return held
  }

  #assertRoom(bytes: number): void {
    const { topic, limits } = this.#options
    const { heldEntriesMax, heldBytesMax } = limits
    const fits = this.#held.size < heldEntriesMax && this.#heldBytes + bytes <= heldBytesMax
    if (fits || this.#held.size === 0) return
    const waiting = `${this.#held.size} appends of ${this.#heldBytes} bytes wait for an open segment`
    throw new WalrusError('UNAVAILABLE', `Cannot append to "${topic}": ${waiting}`)
  }

  /** Newcomers still wait while those who waited go through; whoever fills the segment closes the gate behind himself. */
  #release(segment: OpenSegment): void {
    while (!this.#isFull(segment)) {
      const held = this.#held.shift()
      if (held === undefined) {
        this.#direct = segment
        return
      }
      this.#heldBytes -= held.sizeBytes
      passOn(held, segment)
    }
    this.#options.onFull()
  }

  /** The entries and bytes of `decideRollover`: a segment that it would keep is not full. */
  #isFull(segment: OpenSegment): boolean {
    if (segment.appendedCount === 0) return false
    return segment.appendedCount >= this.#entriesMax || segment.sizeBytes >= this.#bytesMax
  }

  #giveUp(held: HeldAppend): void {
    this.#heldBytes -= held.sizeBytes
    held.fail(this.#timedOut('append'))
  }

  #timedOut(what: string): WalrusError {
    const { topic, limits } = this.#options
    const why = this.#obstacle === '' ? '' : `: ${this.#obstacle}`
    return new WalrusError(
      'TIMED_OUT',
      timedOutMessage(`${what} to "${topic}" waited ${limits.requestTimeoutMs} ms for an open segment${why}`),
    )
  }
}

function isSingle({ entries }: HeldAppend): boolean {
  return entries.length === 1
}

function passOn(held: HeldAppend, segment: OpenSegment): void {
  try {
    const [entry] = held.entries
    const single = isSingle(held) && entry !== undefined
    held.follow(single ? segment.append(entry) : segment.appendBatch(held.entries))
  } catch (error) {
    held.fail(error as Error)
  }
}

interface Visitor {
  enter(segment: OpenSegment): void
  fail(error: WalrusError): void
}

function enterWith<Value>(
  segment: OpenSegment,
  visit: (segment: OpenSegment) => Value,
  resolve: (value: Value) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(visit(segment))
  } catch (error) {
    reject(error)
  }
}
