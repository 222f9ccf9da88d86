import type { CommitTicket } from '@walrus/core'

/**
 * The ticket of a batch that no segment has taken yet. Its offsets are known when it is settled, and −1 before; they are −1
 * for good when the batch is stored and nobody knows where.
 */
export class BatchTicket implements CommitTicket {
  readonly entries: readonly Uint8Array[]
  readonly sizeBytes: number
  /** On the monotonic clock: nobody waits for it any longer. */
  readonly deadlineMs: number
  readonly endPosition = 0
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #firstOffset = -1
  #listeners: ((ticket: CommitTicket) => void)[] = []

  constructor(entries: readonly Uint8Array[], deadlineMs: number) {
    this.entries = entries
    this.sizeBytes = entries.reduce((sum, entry) => sum + entry.length, 0)
    this.deadlineMs = deadlineMs
  }

  get firstOffset(): number {
    return this.#firstOffset
  }

  get lastOffset(): number {
    return this.#firstOffset < 0 ? -1 : this.#firstOffset + this.entries.length - 1
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

  /** A segment has taken the entries, at this moment the last ones of `ticket`. */
  follow(ticket: CommitTicket): void {
    const firstOffset = ticket.lastOffset - this.entries.length + 1
    ticket.onSettled(() => (ticket.error === undefined ? this.succeed(firstOffset) : this.fail(ticket.error)))
  }

  /** All of it is stored, from that offset on; undefined when nobody knows where. */
  succeed(firstOffset: number | undefined): void {
    this.#firstOffset = firstOffset ?? -1
    this.#settle('committed')
  }

  /** None of it is stored, or nobody knows. */
  fail(error: Error): void {
    this.error = error
    this.#settle('failed')
  }

  #settle(state: 'committed' | 'failed'): void {
    this.state = state
    for (const listener of this.#listeners.splice(0)) listener(this)
  }
}
