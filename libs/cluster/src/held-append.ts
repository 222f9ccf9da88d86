import type { CommitTicket } from '@walrus/core'

/**
 * The ticket of entries that no segment has taken yet, all or nothing. Once one has, it follows that segment's ticket, or
 * whoever took them elsewhere settles it; its offsets are known when it is settled, and −1 before. They are −1 for good when
 * the entries are stored and nobody knows where.
 */
export class HeldAppend implements CommitTicket {
  /** They do not change until the ticket is settled. */
  readonly entries: readonly Uint8Array[]
  readonly sizeBytes: number
  /** On the monotonic clock: nobody waits for it any longer. */
  readonly deadlineMs: number
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #firstOffset = -1
  #endPosition = 0
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

  get endPosition(): number {
    return this.#endPosition
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
    const place = ticket.lastOffset - this.entries.length + 1 - ticket.firstOffset
    ticket.onSettled(() => {
      this.#endPosition = ticket.endPosition
      this.#settle(ticket.firstOffset < 0 ? -1 : ticket.firstOffset + place, ticket.error)
    })
  }

  /** They are stored from that offset of the topic on; −1 when nobody knows where. */
  succeed(firstOffset: number): void {
    this.#settle(firstOffset, undefined)
  }

  /** No segment will take the entries, or nobody knows whether one has. */
  fail(error: Error): void {
    this.#settle(-1, error)
  }

  /** The first outcome counts. */
  #settle(firstOffset: number, error: Error | undefined): void {
    if (this.state !== 'pending') return
    this.#firstOffset = error === undefined ? firstOffset : -1
    this.error = error
    this.state = error === undefined ? 'committed' : 'failed'
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener(this)
  }
}
