import { WalrusError, type Clock, type CommitTicket, type SegmentLimits, type SegmentLog } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import { HeldAppend } from './held-append.js'
import { WaitingLine } from './waiting-line.js'

export interface TopicGateOptions {
  readonly topic: string
  readonly clock: Clock
  /** How long an append or a visitor waits at the closed gate. */
  readonly heldTimeoutMs: number
  /** Appends that may wait at once. */
  readonly heldEntriesMax: number
  /** Bytes of entries that may wait at once; a single one may be larger. */
  readonly heldBytesMax: number
  /** The open segment has as many entries or bytes as it may have. The gate is to be closed before this returns. */
  readonly onFull: () => void
}

/**
 * What stands between a topic's writers and its open segment. While it is open, an append is a call to the segment. While
 * it is closed (the segment is being replaced, or not there yet), appends wait in order, and go to the next segment.
 * When it has failed, each call throws the reason.
 */
export class TopicGate {
  readonly #options: TopicGateOptions
  readonly #held: WaitingLine<HeldAppend>
  readonly #visitors: WaitingLine<Visitor>
  /** Invariant: undefined exactly while the gate is not open. */
  #log: SegmentLog | undefined
  #entriesMax = 0
  #bytesMax = 0
  #heldBytes = 0
  #failure: WalrusError | undefined
  #lastAppend: CommitTicket | undefined

  constructor(options: TopicGateOptions) {
    const { clock, heldTimeoutMs: timeoutMs } = options
    this.#options = options
    this.#held = new WaitingLine({ clock, timeoutMs, giveUp: (held) => this.#giveUp(held) })
    this.#visitors = new WaitingLine({ clock, timeoutMs, giveUp: (visitor) => visitor.fail(this.#timedOut('access')) })
  }

  /** The open segment; undefined while the gate is closed or has failed. */
  get log(): SegmentLog | undefined {
    return this.#log
  }

  /** Nothing gets through until it is opened again. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** The newest append, held or not: when it is settled, all before it are. */
  get lastAppend(): CommitTicket | undefined {
    return this.#lastAppend
  }

  /** Throws what `SegmentLog.append` throws, `UNAVAILABLE` when too much waits, or the reason why the gate has failed. */
  append(entry: Uint8Array): CommitTicket {
    const log = this.#log
    if (log === undefined) return this.#hold(entry)
    const ticket = log.append(entry)
    // Bytes are looked at once per batch: a batch is small beside a segment, and this is the hot path.
    const batchBegins = ticket !== this.#lastAppend
    this.#lastAppend = ticket
    if (log.appendedCount >= this.#entriesMax || (batchBegins && this.#isFull(log))) this.#options.onFull()
    return ticket
  }

  /**
   * Calls `visit` with the open segment: now, or when the gate opens, before any append that waits. Rejects with what it
   * throws, with `TIMED_OUT`, or with the reason why the gate has failed.
   */
  whenOpen<Value>(visit: (log: SegmentLog) => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure
      const enter = (log: SegmentLog): void => enterWith(log, visit, resolve, reject)
      if (this.#log !== undefined) enter(this.#log)
      else this.#visitors.push({ enter, fail: reject })
    })
  }

  /** Appends wait from now on. */
  close(): void {
    this.#log = undefined
  }

  /** Lets visitors and then appends through to `log`, until it is full. */
  open(log: SegmentLog, limits: SegmentLimits): void {
    this.#entriesMax = limits.segmentEntriesMax
    this.#bytesMax = limits.segmentBytesMax
    this.#failure = undefined
    for (const visitor of this.#visitors.takeAll()) visitor.enter(log)
    this.#release(log)
  }

  /** Nothing gets through any more; what waits fails with `error`. */
  fail(error: WalrusError): void {
    this.#log = undefined
    this.#failure = error
    this.#heldBytes = 0
    for (const visitor of this.#visitors.takeAll()) visitor.fail(error)
    for (const held of this.#held.takeAll()) held.fail(error)
  }

  #hold(entry: Uint8Array): CommitTicket {
    if (this.#failure !== undefined) throw this.#failure
    this.#assertRoom(entry.length)
    const held = new HeldAppend(entry)
    this.#heldBytes += entry.length
    this.#held.push(held)
    this.#lastAppend = held
    return held
  }

  #assertRoom(entryBytes: number): void {
    const { topic, heldEntriesMax, heldBytesMax } = this.#options
    const fits = this.#held.size < heldEntriesMax && this.#heldBytes + entryBytes <= heldBytesMax
    if (fits || this.#held.size === 0) return
    const waiting = `${this.#held.size} appends of ${this.#heldBytes} bytes wait for an open segment`
    throw new WalrusError('UNAVAILABLE', `Cannot append to "${topic}": ${waiting}`)
  }

  /** Newcomers still wait while those who waited go through; whoever fills the segment closes the gate behind himself. */
  #release(log: SegmentLog): void {
    while (!this.#isFull(log)) {
      const held = this.#held.shift()
      if (held === undefined) {
        this.#log = log
        return
      }
      this.#heldBytes -= held.entry.length
      passOn(held, log)
    }
    this.#options.onFull()
  }

  /** The entries and bytes of `decideRollover`: a segment that it would keep is not full. */
  #isFull(log: SegmentLog): boolean {
    if (log.appendedCount === 0) return false
    return log.appendedCount >= this.#entriesMax || log.sizeBytes >= this.#bytesMax
  }

  #giveUp(held: HeldAppend): void {
    this.#heldBytes -= held.entry.length
    held.fail(this.#timedOut('append'))
  }

  #timedOut(what: string): WalrusError {
    const { topic, heldTimeoutMs } = this.#options
    return new WalrusError(
      'TIMED_OUT',
      timedOutMessage(`${what} to "${topic}" waited ${heldTimeoutMs} ms for an open segment`),
    )
  }
}

function passOn(held: HeldAppend, log: SegmentLog): void {
  try {
    held.follow(log.append(held.entry))
  } catch (error) {
    held.fail(error as Error)
  }
}

interface Visitor {
  enter(log: SegmentLog): void
  fail(error: WalrusError): void
}

function enterWith<Value>(
  log: SegmentLog,
  visit: (log: SegmentLog) => Value,
  resolve: (value: Value) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(visit(log))
  } catch (error) {
    reject(error)
  }
}
