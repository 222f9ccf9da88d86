import { entriesBytes } from '../core/entry.js'
import { type StorageAppend } from '../core/ready.js'
import { type LogIndex, type Snapshot } from '../core/types.js'
import { type LogStore, type LogWrite } from '../ports/log-store.js'
import { mergeWrites } from './merge-writes.js'

/** What the queue tells the node. */
export interface WriteQueueEvents {
  /** The write and all before it are as durable as they had to be: its responses may go. Called in the order of the writes. */
  onWritten(append: StorageAppend): void
  onSnapshotSaved(snapshot: Snapshot): void
  /** Nothing is written any more. Called once. */
  onFailed(error: unknown): void
}

export interface WriteQueueOptions {
  readonly store: LogStore
  /** Entries that gather beyond it go into the write after the next. */
  readonly groupBytesMax: number
  readonly currentTick: () => number
  readonly events: WriteQueueEvents
}

type Job =
  | { readonly kind: 'append'; readonly append: StorageAppend }
  | { readonly kind: 'save'; readonly snapshot: Snapshot; readonly compactIndex: LogIndex }

/**
 * The writes of a node, strictly in their order. While one is under way the next ones gather, and become one write with one
 * sync: so the rate grows with the load, and latency stays that of a sync.
 */
export class WriteQueue {
  readonly #store: LogStore
  readonly #events: WriteQueueEvents
  readonly #groupBytesMax: number
  readonly #currentTick: () => number
  #jobs: Job[] = []
  #writing = false
  #stopped = false
  #startedTick = 0
  #whenIdle: (() => void)[] = []

  constructor(options: WriteQueueOptions) {
    this.#store = options.store
    this.#groupBytesMax = options.groupBytesMax
    this.#currentTick = options.currentTick
    this.#events = options.events
  }

  append(append: StorageAppend): void {
    this.#add({ kind: 'append', append })
  }

  saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): void {
    this.#add({ kind: 'save', snapshot, compactIndex })
  }

  /** For how many ticks the write that is under way has been; 0 when there is none. */
  get waitingTicks(): number {
    return this.#writing ? this.#currentTick() - this.#startedTick : 0
  }

  /** Resolves when everything that was added is written, or nothing will be any more. */
  async drain(): Promise<void> {
    this.flush()
    while (this.#writing) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
      this.flush()
    }
  }

  /** Starts nothing any more; what waits is forgotten. */
  stop(): void {
    this.#stopped = true
    this.#jobs = []
  }

  /** Writes even what could wait for company. */
  flush(): void {
    if (!this.#writing) this.#writeNext(true)
  }

  #add(job: Job): void {
    if (this.#stopped) return
    this.#jobs.push(job)
    if (!this.#writing) this.#writeNext(false)
  }

  #writeNext(evenAlone: boolean): void {
    const [first] = this.#jobs
    this.#writing = first !== undefined && (evenAlone || !this.#jobs.every(canWait))
    if (first === undefined || !this.#writing) {
      for (const resolve of this.#whenIdle.splice(0)) resolve()
      return
    }
    this.#startedTick = this.#currentTick()
    if (first.kind === 'save') {
      this.#jobs.shift()
      const { snapshot, compactIndex } = first
      this.#perform(this.#store.saveSnapshot(snapshot, compactIndex), () => this.#events.onSnapshotSaved(snapshot))
      return
    }
    const group = this.#takeAppends()
    const write = mergeWrites(group)
    this.#perform(isNothing(write) ? Promise.resolve() : this.#store.write(write), () => {
      for (const append of group) this.#events.onWritten(append)
    })
  }

  #takeAppends(): readonly StorageAppend[] {
    const group: StorageAppend[] = []
    let bytes = 0
    for (const job of this.#jobs) {
      if (job.kind !== 'append') break
      bytes += entriesBytes(job.append.entries)
      if (group.length > 0 && bytes > this.#groupBytesMax) break
      group.push(job.append)
    }
    this.#jobs.splice(0, group.length)
    return group
  }

  #perform(work: Promise<void>, done: () => void): void {
    work.then(
      () => {
        if (!this.#stopped) done()
        this.#writeNext(false)
      },
      (error: unknown) => {
        const silent = this.#stopped
        this.stop()
        this.#writeNext(false)
        if (!silent) this.#events.onFailed(error)
      },
    )
  }
}

/** A new commit index alone: nobody waits for it, and the next write may take it along. */
function canWait(job: Job): boolean {
  if (job.kind !== 'append') return false
  const { mustSync, snapshot, entries, responses } = job.append
  return !mustSync && snapshot === null && entries.length === 0 && responses.length === 0
}

function isNothing({ snapshot, entries, hardState }: LogWrite): boolean {
  return snapshot === null && entries.length === 0 && hardState === null
}
