import type { Clock, Timer } from '@walrus/core'
import type { PlannedWrite, StoreFile } from '../blocks/store-file.js'
import type { FsyncSchedule } from './fsync-schedule.js'
import type { CommittingSegment, SegmentCommit } from './segment-commit.js'
import { UnsyncedRuns } from './unsynced-runs.js'

export interface CommitterOptions {
  readonly clock: Clock
  readonly schedule: FsyncSchedule
  /** Told of a failed sync in the background: entries that were resolved before may be lost if the machine stops now. */
  readonly onProblem: (error: Error) => void
}

/**
 * Group commit. With a sync for each append there is one commit at a time, and what arrives meanwhile, from all segments,
 * is the next one: everyone who waits shares one sync. Without, each segment commits by itself, one write behind the
 * other, so that some are filled while others are written.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #durable: boolean
  readonly #unsynced = new UnsyncedRuns()
  #queue: CommittingSegment[] = []
  #scheduled = false
  #syncTimer: Timer | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#durable = options.schedule.kind === 'each'
  }

  /** The segment has something to commit; it is taken up after the input that is already waiting. */
  readonly request = (segment: CommittingSegment): void => {
    segment.queued = true
    this.#queue.push(segment)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.clock.defer(this.#start)
  }

  /** What was committed before this call is on stable storage when it resolves; rejects with the first failure. */
  sync(): Promise<void> {
    return this.#unsynced.sync()
  }

  /** No timer fires any more. */
  stop(): void {
    this.#syncTimer?.cancel()
  }

  readonly #start = (): void => {
    if (this.#durable) return void this.#commitInTurn()
    this.#scheduled = false
    for (const segment of this.#takeQueue()) void this.#commitOnItsOwn(segment)
  }

  async #commitInTurn(): Promise<void> {
    while (this.#queue.length > 0) await this.#commit(this.#takeQueue())
    this.#scheduled = false
  }

  /** While its commit is under way a segment stays `queued`: its next one starts here. */
  async #commitOnItsOwn(segment: CommittingSegment): Promise<void> {
    segment.queued = true
    while (segment.hasPending) {
      await this.#commit([segment])
      if (this.#options.schedule.kind === 'interval') this.#armSync(this.#options.schedule.milliseconds)
    }
    segment.queued = false
  }

  #takeQueue(): CommittingSegment[] {
    const segments = this.#queue
    this.#queue = []
    for (const segment of segments) segment.queued = false
    return segments
  }

  async #commit(segments: readonly CommittingSegment[]): Promise<void> {
    const planned = segments.map((segment) => segment.planCommit())
    const commits = planned.every(isPlanned) ? planned : await allOf(planned)
    const failures = await this.#write(commits)
    for (const commit of commits) this.#finish(commit, failures)
  }

  /** Writes file by file; the result names the files that failed. */
  async #write(commits: readonly SegmentCommit[]): Promise<ReadonlyMap<StoreFile, Error>> {
    const failures = new Map<StoreFile, Error>()
    const writing: Promise<void>[] = []
    for (const [file, writes] of writesByFile(commits, this.#durable))
      writing.push(this.#writeTo(file, writes, failures))
    // One file is the rule, and each promise more is felt by a writer that waits for each entry.
    await (writing.length === 1 ? writing[0] : Promise.all(writing))
    return failures
  }

  async #writeTo(file: StoreFile, writes: readonly PlannedWrite[], failures: Map<StoreFile, Error>): Promise<void> {
    try {
      await file.write(writes, this.#durable)
    } catch (error) {
      failures.set(file, error as Error)
    }
  }

  #finish(commit: SegmentCommit, failures: ReadonlyMap<StoreFile, Error>): void {
    const failure = commit.failure ?? failureOf(commit, failures)
    if (failure) return commit.segment.abortCommit(commit, failure)
    if (!this.#durable) this.#unsynced.add(commit)
    commit.segment.completeCommit(commit, this.#durable)
  }

  #armSync(milliseconds: number): void {
    this.#syncTimer ??= this.#options.clock.after(milliseconds, () => {
      this.#syncTimer = undefined
      this.sync().catch((error: unknown) => this.#options.onProblem(error as Error))
    })
  }
}

function allOf<T>(values: readonly (T | Promise<T>)[]): Promise<T[]> {
  return Promise.all(values.map((value) => Promise.resolve(value)))
}

function isPlanned(commit: SegmentCommit | Promise<SegmentCommit>): commit is SegmentCommit {
  return !(commit instanceof Promise)
}

function writesByFile(commits: readonly SegmentCommit[], durable: boolean): Map<StoreFile, PlannedWrite[]> {
  const byFile = new Map<StoreFile, PlannedWrite[]>()
  for (const commit of commits) {
    if (!commit.failure) commit.addWrites(byFile, durable)
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
