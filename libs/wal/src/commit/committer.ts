import type { Clock, Timer, WalrusError } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import type { PlannedWrite, StoreFile } from '../blocks/store-file.js'
import type { StoredSegment } from '../log/stored-segment.js'
import type { SegmentCommit } from './segment-commit.js'

/** When an append resolves, and when what it wrote reaches stable storage. */
export type FsyncSchedule =
  /** Resolves when durable. */
  | { readonly kind: 'each' }
  /** Resolves when written; durable within about so many milliseconds. */
  | { readonly kind: 'interval'; readonly milliseconds: number }
  /** Resolves when written; durable when the system likes, or at `sync` and `close`. */
  | { readonly kind: 'none' }

export interface CommitterOptions {
  readonly clock: Clock
  readonly schedule: FsyncSchedule
  /** Told of a failed sync in the background: entries that were resolved before may be lost if the machine stops now. */
  readonly onProblem: (error: Error) => void
}

/**
 * Group commit: one commit at a time; what arrives meanwhile, from all segments, is the next one.
 * So the cost of a sync is shared by everyone who waits for it.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #unsynced = new Map<StoreFile, Map<Run, StoredSegment>>()
  #queue: StoredSegment[] = []
  #running = false
  #syncTimer: Timer | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** The segment has something to commit; it is taken up after the input that is already waiting. */
  readonly request = (segment: StoredSegment): void => {
    segment.queued = true
    this.#queue.push(segment)
    if (this.#running) return
    this.#running = true
    this.#options.clock.defer(() => void this.#run())
  }

  /** What was committed before this call is on stable storage when it resolves; rejects with the first failure. */
  async sync(): Promise<void> {
    const files = [...this.#unsynced.keys()]
    const results = await Promise.allSettled(files.map((file) => this.#syncFile(file)))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** No timer fires any more. */
  stop(): void {
    this.#syncTimer?.cancel()
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#commitQueue()
    this.#running = false
  }

  async #commitQueue(): Promise<void> {
    const segments = this.#queue
    this.#queue = []
    for (const segment of segments) segment.queued = false
    const commits = await Promise.all(segments.map((segment) => segment.planCommit()))
    const failures = await this.#write(commits)
    for (const commit of commits) this.#finish(commit, failures)
    if (this.#options.schedule.kind === 'interval') this.#armSync(this.#options.schedule.milliseconds)
  }

  /** Writes file by file; the result names the files that failed. */
  async #write(commits: readonly SegmentCommit[]): Promise<ReadonlyMap<StoreFile, Error>> {
    const failures = new Map<StoreFile, Error>()
    const durable = this.#options.schedule.kind === 'each'
    const writing = [...writesByFile(commits)].map(async ([file, writes]) => {
      try {
        await file.write([...file.takeQueuedSlots(), ...writes], durable)
      } catch (error) {
        failures.set(file, error as WalrusError)
      }
    })
    await Promise.all(writing)
    return failures
  }

  #finish(commit: SegmentCommit, failures: ReadonlyMap<StoreFile, Error>): void {
    const { segment } = commit
    const failure = commit.failure ?? failureOf(commit, failures)
    if (failure) return segment.abortCommit(commit, failure)
    const durable = this.#options.schedule.kind === 'each'
    if (!durable) for (const run of commit.runsTouched) this.#noteUnsynced(run, segment)
    segment.completeCommit(commit, durable)
  }

  #noteUnsynced(run: Run, segment: StoredSegment): void {
    const runs = this.#unsynced.get(run.file)
    if (runs) runs.set(run, segment)
    else this.#unsynced.set(run.file, new Map([[run, segment]]))
  }

  #armSync(milliseconds: number): void {
    this.#syncTimer ??= this.#options.clock.after(milliseconds, () => {
      this.#syncTimer = undefined
      this.sync().catch((error: unknown) => this.#options.onProblem(error as Error))
    })
  }

  async #syncFile(file: StoreFile): Promise<void> {
    const runs = [...(this.#unsynced.get(file) ?? [])].map(([run, segment]) => ({
      run,
      segment,
      bytes: run.committedBytes,
    }))
    this.#unsynced.delete(file)
    await file.sync()
    for (const { run, segment, bytes } of runs) segment.noteDurable(run, bytes)
  }
}

function writesByFile(commits: readonly SegmentCommit[]): Map<StoreFile, PlannedWrite[]> {
  const byFile = new Map<StoreFile, PlannedWrite[]>()
  for (const commit of commits) {
    if (commit.failure) continue
    for (const [file, writes] of commit.writes()) {
      const all = byFile.get(file)
      if (all) all.push(...writes)
      else byFile.set(file, writes)
    }
  }
  return byFile
}

function failureOf(commit: SegmentCommit, failures: ReadonlyMap<StoreFile, Error>): Error | undefined {
  if (failures.size === 0) return undefined
  for (const run of commit.runsTouched) {
    const failure = failures.get(run.file)
    if (failure) return failure
  }
  return undefined
}
