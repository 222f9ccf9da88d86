import type { CommitTicket } from '@walrus/core'

/** The fate of one batch, shared by everyone who appended to it. */
export class BatchTicket implements CommitTicket {
  readonly firstOffset: number
  entryCount = 0
  #endPosition = 0
  #error: Error | undefined
  #state: CommitTicket['state'] = 'pending'
  /** In the order in which they came; none is the rule for most of a batch's life, and one for the rest. */
  #listeners: ((ticket: CommitTicket) => void)[] | undefined
  #done: Promise<void> | undefined

  constructor(firstOffset: number) {
    this.firstOffset = firstOffset
  }

  get lastOffset(): number {
    return this.firstOffset + this.entryCount - 1
  }

  get state(): CommitTicket['state'] {
    return this.#state
  }

  get error(): Error | undefined {
    return this.#error
  }

  onSettled(listener: (ticket: CommitTicket) => void): void {
    if (this.#state !== 'pending') listener(this)
    else if (this.#listeners) this.#listeners.push(listener)
    else this.#listeners = [listener]
  }

  done(): Promise<void> {
    this.#done ??= new Promise((resolve, reject) => {
      this.onSettled(() => (this.#error ? reject(this.#error) : resolve()))
    })
    return this.#done
  }

  get endPosition(): number {
    return this.#endPosition
  }

  /** @param endPosition the log's position behind the batch */
  commit(endPosition: number): void {
    this.#endPosition = endPosition
    this.#settle('committed')
  }

  fail(error: Error): void {
    this.#error = error
    this.#settle('failed')
  }

  #settle(state: CommitTicket['state']): void {
    if (this.#state !== 'pending') return
    this.#state = state
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners) for (const listener of listeners) listener(this)
  }
}
