import type { CommitTicket } from '@walrus/core'

/** The fate of one batch of a `MemoryLogStorage`. */
export class MemoryTicket implements CommitTicket {
  entryCount = 0
  /** Known from the beginning of its commit, and shown when that has succeeded. */
  #endPosition = 0
  state: CommitTicket['state'] = 'pending'
  error: Error | undefined
  #listeners: ((ticket: CommitTicket) => void)[] = []

  constructor(readonly firstOffset: number) {}

  get lastOffset(): number {
    return this.firstOffset + this.entryCount - 1
  }

  get endPosition(): number {
    return this.state === 'committed' ? this.#endPosition : 0
  }

  set endPosition(position: number) {
    this.#endPosition = position
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

  settle(error: Error | undefined): void {
    this.state = error === undefined ? 'committed' : 'failed'
    this.error = error
    for (const listener of this.#listeners.splice(0)) listener(this)
  }
}
