import { RaftError } from '../core/errors.js'
import { type LogIndex, type ReadState } from '../core/types.js'

interface Read {
  readonly resolve: (index: LogIndex) => void
  readonly reject: (error: RaftError) => void
  readonly deadlineTick: number
}

/** Reads that were asked for together. */
interface Batch {
  readonly context: number
  readonly startedTick: number
  readonly reads: readonly Read[]
}

/** Reads that may be served once the state machine has applied `index`. */
interface Confirmed {
  readonly index: LogIndex
  readonly reads: readonly Read[]
}

/**
 * Linearizable reads: all that come while one confirmation is under way share the next one, so that their number costs
 * nothing. A confirmation that does not come is asked for again, for requests and answers may be lost.
 */
export class Reads {
  readonly #retryTicks: number
  #lastContext: number
  #waiting: Read[] = []
  #asked: Batch | undefined
  #confirmed: Confirmed[] = []

  /** `firstContext` must not have been used before a restart: a late answer to an old read would confirm a new one. */
  constructor(firstContext: number, retryTicks: number) {
    this.#lastContext = firstContext
    this.#retryTicks = retryTicks
  }

  /** Resolves with an index that was committed after the call began, and that the state machine has applied. */
  add(deadlineTick: number): Promise<LogIndex> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, deadlineTick }))
  }

  /** Asks for what waits, unless an answer is still awaited. `request` says whether there was somebody to ask. */
  submit(tick: number, request: (context: number) => boolean): void {
    if (this.#asked !== undefined && tick - this.#asked.startedTick >= this.#retryTicks) this.askAgain()
    if (this.#asked !== undefined || this.#waiting.length === 0) return
    this.#lastContext++
    if (!request(this.#lastContext)) return
    this.#asked = { context: this.#lastContext, startedTick: tick, reads: this.#waiting }
    this.#waiting = []
  }

  /** The answer that is awaited may never come: the reads go into the next request. */
  askAgain(): void {
    if (this.#asked === undefined) return
    this.#waiting = [...this.#asked.reads, ...this.#waiting]
    this.#asked = undefined
  }

  confirm({ index, context }: ReadState): void {
    if (this.#asked?.context !== context) return
    this.#confirmed.push({ index, reads: this.#asked.reads })
    this.#asked = undefined
  }

  /** Serves the reads for which enough is applied. */
  serve(appliedIndex: LogIndex): void {
    if (this.#confirmed.length === 0) return
    const ready = this.#confirmed.filter(({ index }) => index <= appliedIndex)
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex)
    for (const { reads } of ready) for (const { resolve } of reads) resolve(appliedIndex)
  }

  expire(tick: number): void {
    const late = (read: Read): boolean => read.deadlineTick <= tick
    if (!this.#all().some(late)) return
    for (const { reject } of this.#all().filter(late)) {
      reject(new RaftError('RAFT_TIMED_OUT', 'Cannot read: no leader confirmed the read in time'))
    }
    this.#keep((read) => !late(read))
  }

  failAll(error: RaftError): void {
    for (const { reject } of this.#all()) reject(error)
    this.#keep(() => false)
  }

  #all(): readonly Read[] {
    return [...this.#waiting, ...(this.#asked?.reads ?? []), ...this.#confirmed.flatMap(({ reads }) => reads)]
  }

  #keep(wanted: (read: Read) => boolean): void {
    this.#waiting = this.#waiting.filter(wanted)
    if (this.#asked !== undefined) this.#asked = { ...this.#asked, reads: this.#asked.reads.filter(wanted) }
    this.#confirmed = this.#confirmed.map(({ index, reads }) => ({ index, reads: reads.filter(wanted) }))
  }
}
