import type { Run } from '../blocks/run.js'
import { nextRunBytes } from '../blocks/run-growth.js'
import type { SegmentCommit } from '../commit/segment-commit.js'
import { cursorRecords, encodeControlBatch, snapshotRecords } from './control-batch.js'
import { MutableTopicState } from './mutable-topic-state.js'
import type { SegmentContext } from './segment-context.js'
import type { SegmentRuns } from './segment-runs.js'

/** Whose commits are planned. */
export interface PlannedSegment {
  readonly topicState: MutableTopicState
  readonly sizeBytes: number
  /** How large it is expected to get; Infinity where anything may come. */
  readonly expectedBytes: number
}

/** Finds a place in the runs of a segment for what is to be committed. */
export class CommitPlanner {
  readonly #context: SegmentContext
  readonly #runs: SegmentRuns
  readonly #segment: PlannedSegment

  constructor(context: SegmentContext, runs: SegmentRuns, segment: PlannedSegment) {
    this.#context = context
    this.#runs = runs
    this.#segment = segment
  }

  /** Gives the commit its places; at once where the open run has room for it. Never rejects: a failure is in the commit. */
  plan(commit: SegmentCommit): SegmentCommit | Promise<SegmentCommit> {
    const { last } = this.#runs
    const { cursorTicket, totalBytes } = commit.taken
    const fits = last && !last.mustSoil && cursorTicket === undefined && last.hasRoomFor(totalBytes)
    return fits ? this.#planIn(last, commit) : this.#planWithNewRuns(commit)
  }

  #planIn(run: Run, commit: SegmentCommit): SegmentCommit {
    try {
      for (const batch of commit.taken.batches) commit.placeBatch(run, batch)
    } catch (error) {
      commit.fail(error)
    }
    return commit
  }

  async #planWithNewRuns(commit: SegmentCommit): Promise<SegmentCommit> {
    try {
      await this.#runs.soilLast()
      await this.#placeAll(commit)
    } catch (error) {
      commit.fail(error)
    }
    return commit
  }

  async #placeAll(commit: SegmentCommit): Promise<void> {
    const { batches, cursors, cursorTicket, cut } = commit.taken
    if (cut) return void (await this.#addRun(0, commit))
    for (const batch of batches) {
      const run = this.#openRun(batch.totalBytes) ?? (await this.#addRun(batch.totalBytes, commit))
      commit.placeBatch(run, batch)
    }
    if (cursors.size > 0) await this.#placeCursors(commit)
    else if (cursorTicket && !this.#openRun(0)) await this.#addRun(0, commit)
  }

  async #placeCursors(commit: SegmentCommit): Promise<void> {
    const bytes = this.#controlBatch(cursorRecords(commit.taken.cursors), commit)
    commit.placeCursors(this.#openRun(bytes.length) ?? (await this.#addRun(bytes.length, commit)), bytes)
  }

  #openRun(bytes: number): Run | undefined {
    const { last } = this.#runs
    return last?.hasRoomFor(bytes) ? last : undefined
  }

  /** A run starts with the whole state of the topic, so that rebuilding it reads one run. One for nothing else, too, says that. */
  async #addRun(bytes: number, commit: SegmentCommit): Promise<Run> {
    const topicState = this.#stateAt(commit)
    const needsState = bytes === 0 || !this.#runs.isUntouched || !topicState.isEmpty
    const state = needsState ? this.#controlBatch(snapshotRecords(topicState), commit) : undefined
    const neededBytes = bytes + (state?.length ?? 0)
    const runBytes = nextRunBytes(this.#context.growth, {
      batchBytes: neededBytes,
      previousBytes: this.#runs.last?.capacityBytes ?? 0,
      segmentBytes: this.#segment.sizeBytes,
      expectedBytes: this.#segment.expectedBytes,
    })
    const place = this.#context.store.tryTake(runBytes) ?? (await this.#context.store.take(runBytes))
    const run = this.#runs.add(place, commit.next, commit.taken.cut !== undefined)
    commit.touch(run)
    if (state) commit.placeState(run, state)
    return run
  }

  /** As it will be once what has a place is committed. */
  #stateAt({ taken, stateRecords }: SegmentCommit): MutableTopicState {
    if (taken.cut) return taken.cut.topicState
    if (stateRecords.length === 0) return this.#segment.topicState
    const state = new MutableTopicState(this.#segment.topicState)
    for (const record of stateRecords) state.apply(record)
    return state
  }

  #controlBatch(records: Parameters<typeof encodeControlBatch>[0], commit: SegmentCommit): Uint8Array {
    const { clock, checksum } = this.#context
    const { segment, next } = commit
    return encodeControlBatch(
      records,
      { nextIndex: next.index, timestampMs: clock.wallMs(), epoch: segment.epoch },
      checksum,
    )
  }
}
