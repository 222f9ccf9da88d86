import type { CommitTicket } from '@walrus/core'

/**
 * The ticket of an append that no segment has taken yet. Once one has, it follows that segment's ticket, or whoever took it
 * elsewhere settles it; its own offset is known when it is settled, and −1 before.
 */
export class HeldAppend implements CommitTicket {
  /** A copy: the caller's buffer is free as soon as the append was accepted, as it is with a segment. */
  readonly entry: Uint8Array
  /** On the monotonic clock: nobody waits for it any longer. */
  readonly deadlineMs: number
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #offset = -1
  #endPosition = 0
  #listeners: ((ticket: CommitTicket) => void)[] = []

  constructor(entry: Uint8Array, deadlineMs: number) {
    this.entry = new Uint8Array(entry)
    this.deadlineMs = deadlineMs
  }

  get firstOffset(): number {
    return this.#offset
  }

  get lastOffset(): number {
    return this.#offset
  }

  get endPosition(): number {
    return this.#endPosition
  }

  onSettled(listener: (ticket: CommitTicket) => void): void {
    if (this.state === 'pending') this.#listeners.push(listener)
    else listener(this)
  }

  done(): Promise<void> {
    return ticketDone(this)
  }

  /** A segment has taken the entry, at this moment the last one of `ticket`. */
  follow(ticket: CommitTicket): void {
    const offset = ticket.lastOffset
    ticket.onSettled(() => {
      this.#endPosition = ticket.endPosition
      this.#settle(offset, ticket.error)
    })
  }

  /** It is stored at that offset of the topic; −1 when nobody knows where. */
  succeed(offset: number): void {
    this.#settle(offset, undefined)
  }

  /** No segment will take the entry, or nobody knows whether one has. */
  fail(error: Error): void {
    this.#settle(-1, error)
  }

  /** The first outcome counts. */
  #settle(offset: number, error: Error | undefined): void {
    if (this.state !== 'pending') return
    this.#offset = error === undefined ? offset : -1
    this.error = error
    this.state = error === undefined ? 'committed' : 'failed'
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener(this)
  }
}

/** `CommitTicket.done` in terms of `onSettled`. */
function ticketDone(ticket: CommitTicket): Promise<void> {
  return new Promise((resolve, reject) => {
    ticket.onSettled(() => (ticket.error === undefined ? resolve() : reject(ticket.error)))
  })
}
