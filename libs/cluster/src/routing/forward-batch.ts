import { WalrusError, type Clock, type Timer } from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { HeldAppend } from '../held-append.js'

/**
 * Appends on their way to the leader: numbered once, and sent as they are until the outcome of each is known or nobody waits
 * for it any more. Each gives up at its own deadline.
 */
export class ForwardBatch {
  readonly #topic: string
  readonly #clock: Clock
  readonly #appends: readonly HeldAppend[]
  readonly #firstSequence: number
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
    this.#firstSequence = firstSequence
    this.#watch()
  }

  /** Nobody waits for any of it. */
  get isOver(): boolean {
    return this.leftMs <= 0 || this.#head === this.#appends.length
  }

  /** Until the last of those who wait gives up. */
  get leftMs(): number {
    return (this.#appends.at(-1)?.deadlineMs ?? 0) - this.#clock.monotonicMs()
  }

  /** The number of the first entry that is not settled. */
  get sequence(): number {
    return this.#firstSequence + this.#head
  }

  /** What may be stored or is to be, in order; also what nobody waits for any more, once it was sent. */
  get entries(): readonly Uint8Array[] {
    return this.#appends.slice(this.#head).map((append) => append.entry)
  }

  /** What they take up on the wire, about. */
  get sizeBytes(): number {
    return this.entries.reduce((sum, entry) => sum + entry.length + 4, 512)
  }

  /** The first `count` of them are stored, from that offset on if it is known. */
  succeed(count: number, firstOffset: number | undefined): void {
    const end = Math.min(this.#appends.length, this.#head + count)
    for (const [at, append] of this.#appends.slice(this.#head, end).entries()) {
      append.succeed(firstOffset === undefined ? -1 : firstOffset + at)
    }
    this.#head = end
    if (this.isOver) this.close()
  }

  /** None of the rest is stored, or nobody knows. */
  fail(error: Error): void {
    for (const append of this.#appends.slice(this.#head)) append.fail(error)
    this.#head = this.#appends.length
    this.close()
  }

  close(): void {
    this.#timer?.cancel()
  }

  #watch(): void {
    const next = this.#appends.slice(this.#head).find((append) => append.state === 'pending')
    if (next === undefined) return
    this.#timer = this.#clock.after(Math.max(0, next.deadlineMs - this.#clock.monotonicMs()), () => {
      this.#expire()
      this.#watch()
    })
  }

  /** What was not sent by then never is: its caller has been told so. */
  #expire(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const append of this.#appends.slice(this.#head)) {
      if (append.deadlineMs > nowMs) return
      append.fail(this.#timedOut())
      if (!this.sent) this.#head += 1
    }
  }

  #timedOut(): WalrusError {
    const outcome = this.sent ? 'whether the entry was stored is not known' : 'the entry was not stored'
    return new WalrusError('TIMED_OUT', timedOutMessage(`append to "${this.#topic}" had no answer: ${outcome}`))
  }
}
