import { WalrusError, type Clock, type Timer } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { HeldAppend } from '../held-append.js'

/**
 * Appends on their way to the leader: their entries are numbered once, and sent as they are until the outcome of each is known
 * or nobody waits for it any more. Each gives up at its own deadline.
 */
export class ForwardBatch {
  readonly #topic: string
  readonly #clock: Clock
  #appends: readonly HeldAppend[]
  #sequence: number
  /** Appends before it are settled. */
  #head = 0
  #timer: Timer | undefined
  /** It was handed to a leader at least once, so what is in it may be stored. */
  sent = false

  /** `appends` is not empty. */
  constructor(topic: string, clock: Clock, appends: readonly HeldAppend[], firstSequence: number) {
    this.#topic = topic
    this.#clock = clock
    this.#appends = appends
    this.#sequence = firstSequence
    this.#watch()
  }

  /** Nobody waits for any of it. */
  get isOver(): boolean {
    return this.deadlineMs <= this.#clock.monotonicMs() || this.#head === this.#appends.length
  }

  /** When the last of those who wait gives up. */
  get deadlineMs(): number {
    return Math.max(...this.#appends.map((append) => append.deadlineMs))
  }

  /** All of it goes into one segment: an append in it has several entries, which stay together. */
  get whole(): boolean {
    return this.#appends.some((append) => append.entries.length !== 1)
  }

  /** The number of the first entry that is not settled. */
  get sequence(): number {
    return this.#sequence
  }

  /** Behind the number of the last entry. */
  get endSequence(): number {
    return this.#sequence + this.entries.length
  }

  /** What may be stored or is to be, in order; also what nobody waits for any more, once it was sent. */
  get entries(): readonly Uint8Array[] {
    return this.#appends.slice(this.#head).flatMap((append) => append.entries)
  }

  /** The first `count` entries are stored, from that offset on if it is known. */
  succeed(count: number, firstOffset: number | undefined): void {
    let before = 0
    for (const append of this.#appends.slice(this.#head)) {
      if (before + append.entries.length > count) break
      append.succeed(firstOffset === undefined ? -1 : firstOffset + before)
      before += append.entries.length
      this.#head += 1
    }
    this.#sequence += before
    if (this.isOver) this.close()
  }

  /** None of the rest is stored, or nobody knows. */
  fail(error: Error): void {
    for (const append of this.#appends.slice(this.#head)) append.fail(error)
    this.#head = this.#appends.length
    this.close()
  }

  /** Nobody waits for the rest any more. */
  expire(): void {
    this.fail(this.#timedOut())
  }

  close(): void {
    this.#timer?.cancel()
  }

  #watch(): void {
    const next = this.#appends.slice(this.#head).find((append) => append.state === 'pending')
    if (next === undefined) return
    this.#timer = this.#clock.after(Math.max(0, next.deadlineMs - this.#clock.monotonicMs()), () => {
      this.#giveUp()
      this.#watch()
    })
  }

  /** What was not sent by then never is: its caller has been told so. */
  #giveUp(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const append of this.#appends.slice(this.#head)) {
      if (append.deadlineMs <= nowMs) append.fail(this.#timedOut())
    }
    if (!this.sent) this.#appends = this.#appends.filter(({ state }) => state === 'pending')
  }

  #timedOut(): WalrusError {
    const outcome = this.sent ? 'whether the entry was stored is not known' : 'the entry was not stored'
    return new WalrusError('TIMED_OUT', timedOutMessage(`append to "${this.#topic}" had no answer: ${outcome}`))
  }
}
