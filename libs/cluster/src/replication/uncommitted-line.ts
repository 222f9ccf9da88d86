import type { Clock, Timer } from '@walrus/core'
import type { QuorumTicket } from './quorum-ticket.js'

export interface UncommittedLineOptions {
  readonly clock: Clock
  /** How long a ticket may be pending. */
  readonly timeoutMs: number
  /** Called with a ticket that was pending for too long. It stays in line: its batch may be committed later. */
  readonly giveUp: (ticket: QuorumTicket) => void
}

/**
 * Tickets in the order of the log, until their batches are committed. All may be pending equally long, so that one timer
 * serves them, and is not touched while they are committed in time.
 */
export class UncommittedLine {
  /** Of all appends whose batch is in line. */
  bytes = 0
  readonly #options: UncommittedLineOptions
  #places: Place[] = []
  /** Places before it are free. */
  #head = 0
  /** Places before it were given up. */
  #given = 0
  #timer: Timer | undefined

  constructor(options: UncommittedLineOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#head === this.#places.length
  }

  /** Some ticket in line is pending. */
  get hasPending(): boolean {
    return Math.max(this.#given, this.#head) < this.#places.length
  }

  push(ticket: QuorumTicket): void {
    const { clock, timeoutMs } = this.#options
    this.#places.push({ ticket, deadlineMs: clock.monotonicMs() + timeoutMs })
    this.#timer ??= clock.after(timeoutMs, () => this.#expire())
  }

  /** Takes the tickets at the front whose batches are on this node's disk, and end at `position` or before. */
  takeCommitted(position: number): readonly QuorumTicket[] {
    const taken: QuorumTicket[] = []
    for (let place = this.#places[this.#head]; place !== undefined; place = this.#places[this.#head]) {
      const { ticket } = place
      if (ticket.local.state !== 'committed' || ticket.local.endPosition > position) break
      this.#head += 1
      this.bytes -= ticket.bytes
      taken.push(ticket)
    }
    if (this.isEmpty || this.#head >= FREE_PLACES_MAX) this.#compact()
    return taken
  }

  /** Everything leaves, in order. */
  takeAll(): readonly Place[] {
    const taken = this.#places.slice(this.#head)
    this.#places = []
    this.#head = this.#given = this.bytes = 0
    this.stopTimer()
    return taken
  }

  /** Gives up no ticket any more. */
  stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #compact(): void {
    this.#places = this.#places.slice(this.#head)
    this.#given = Math.max(0, this.#given - this.#head)
    this.#head = 0
  }

  #expire(): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#timer = undefined
    this.#given = Math.max(this.#given, this.#head)
    for (let place = this.#places[this.#given]; place !== undefined; place = this.#places[this.#given]) {
      if (place.deadlineMs > nowMs) {
        this.#timer = this.#options.clock.after(place.deadlineMs - nowMs, () => this.#expire())
        return
      }
      this.#given += 1
      this.#options.giveUp(place.ticket)
    }
  }
}

/** A ticket in line. */
export interface Place {
  readonly ticket: QuorumTicket
  /** On the monotonic clock: nobody waits for it any longer. */
  readonly deadlineMs: number
}

const FREE_PLACES_MAX = 1024
