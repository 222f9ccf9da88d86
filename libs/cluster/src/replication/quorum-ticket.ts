import type { CommitTicket } from '@walrus/core'

/** What becomes of a batch on its ack quorum. Many appends share it, as they share the batch's local ticket. */
export class QuorumTicket implements CommitTicket {
  /** What becomes of the batch on this node's disk. */
  readonly local: CommitTicket
  /** A cursor: done to the committed state of the topic, once. */
  readonly applyToState: (() => void) | undefined
  /** Bytes of the appends that share it. */
  bytes = 0
  /** Where its entries went instead: this ticket follows that one. */
  #moved: CommitTicket | undefined
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #listeners: ((ticket: CommitTicket) => void)[] = []

  constructor(local: CommitTicket, applyToState?: () => void) {
    this.local = local
    this.applyToState = applyToState
  }

  get firstOffset(): number {
    return (this.#moved ?? this.local).firstOffset
  }

  get lastOffset(): number {
    return (this.#moved ?? this.local).lastOffset
  }

  get endPosition(): number {
    return this.state === 'committed' ? this.local.endPosition : 0
  }

  get hasEntries(): boolean {
    return this.lastOffset >= this.firstOffset
  }

  /** Its entries, all of them, are what `ticket` is about now. */
  follow(ticket: CommitTicket): void {
    this.#moved = ticket
    ticket.onSettled(({ error }) => this.settle(error))
  }

  onSettled(listener: (ticket: CommitTicket) => void): void {
    if (this.state === 'pending') this.#listeners.push(listener)
    else listener(this)
  }

  done(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onSettled(() => (this.error === undefined ? resolve() : reject(this.error)))
    })
  }

  /** The first outcome counts: what has timed out and is committed later stays timed out. */
  settle(error: Error | undefined): void {
    if (this.state !== 'pending') return
    this.state = error === undefined ? 'committed' : 'failed'
    this.error = error
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener(this)
  }
}
