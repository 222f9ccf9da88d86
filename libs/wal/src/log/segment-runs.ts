import { Run, type RunPlace } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import type { BlockSlot } from '../format/block-slot.js'
import type { SegmentStart } from './segment-start.js'

/** A run with the slot that describes it. */
export interface DescribedRun {
  readonly run: Run
  readonly slot: BlockSlot
}

/** The runs of one segment, in their order, and what their slots say of them on disk. */
export class SegmentRuns {
  readonly #owner: SegmentStart
  readonly #isBeforeDurable: () => boolean
  #all: readonly Run[]
  #nextNumber: number
  #sealed: boolean
  #givenUp = false
  #beginsTopic = false
  readonly #filesOfBefore = new Set<StoreFile>()

  /** @param isBeforeDurable whether all that is stored here of the topic before this segment is on stable storage */
  constructor(owner: SegmentStart, isBeforeDurable: () => boolean) {
    this.#owner = owner
    this.#isBeforeDurable = isBeforeDurable
    this.#all = owner.runs
    this.#nextNumber = owner.nextRunNumber
    this.#sealed = owner.sealed
  }

  /** Ascending. A new list when one is added or given back. */
  get all(): readonly Run[] {
    return this.#all
  }

  get last(): Run | undefined {
    return this.#all.at(-1)
  }

  /** True while there was none, not even one that was given back. */
  get isUntouched(): boolean {
    return this.#nextNumber === 0
  }

  /** True when a sync has covered all that is committed. */
  get areDurable(): boolean {
    return this.#all.every(isDurable)
  }

  /** Files that had a run of this segment, which was given back. */
  get filesOfBefore(): ReadonlySet<StoreFile> {
    return this.#filesOfBefore
  }

  /** The last one takes no more from now on: the new one does. */
  add(place: RunPlace, firstIndex: number): Run {
    const { last } = this
    if (last) {
      last.closed = true
      this.recordIfClosed(last)
    }
    const run = new Run(place, this.#nextNumber++, firstIndex)
    this.#all = [...this.#all, run]
    this.#queueSlot(run)
    return run
  }

  /** Bytes of a failed commit may be on disk: such a run takes no more, so that nothing can stand behind them. */
  abandon(run: Run, written: boolean): void {
    run.plannedBytes = run.committedBytes
    run.closed ||= written
    if (run.committedBytes > 0) return this.recordIfClosed(run)
    const slot = this.#slotOf(run)
    this.#all = this.#all.filter((other) => other !== run)
    this.#filesOfBefore.add(run.file)
    run.file.giveBack(run.firstBlock, slot)
  }

  /** A crash may bring parts of a batch to the disk: they must not be taken for something else when the run goes on once more. */
  async soilLast(): Promise<void> {
    const { last } = this
    if (!last?.mustSoil || !last.file.writable) return
    last.clean = false
    this.#queueSlot(last)
    await last.file.flushSlots()
    last.mustSoil = false
  }

  /** The segment ends with what it has. Returns the run whose slot says so. */
  seal(): Run | undefined {
    this.#sealed = true
    const { last } = this
    if (!last) return undefined
    last.closed = true
    this.#recordClosed(last)
    return last
  }

  /**
   * What stands before the segment is about to be removed: its first slot says, durably, that nothing is missing there. Rejects
   * with `FILE_FAILED` where its file takes no writes.
   */
  async beginTopic(): Promise<void> {
    const [first] = this.#all
    if (this.#givenUp) return
    first?.file.checkWritable()
    this.#beginsTopic = true
    if (!first) return
    this.#queueSlot(first)
    await first.file.flushSlots()
  }

  /** For their removal: no slot of them is written from here any more. */
  giveUp(): readonly DescribedRun[] {
    this.#givenUp = true
    return this.#all.map((run) => ({ run, slot: this.#slotOf(run) }))
  }

  recordIfClosed(run: Run): void {
    if (run.closed && run.slotState === 'open') this.#recordClosed(run)
  }

  /** Leaves the exact end of an open run on disk, so that it can go on there. */
  recordEnd(): void {
    const last = this.#givenUp ? undefined : this.last
    if (last?.slotState !== 'open' || !last.file.writable || !isDurable(last)) return
    if (last.closed) return this.#recordClosed(last)
    last.clean = true
    this.#queueSlot(last)
  }

  /** A slot may say "closed" only of bytes that are durable: else a crash would make damage of a torn tail. */
  #recordClosed(run: Run): void {
    if (this.#givenUp || !run.file.writable) return
    if (run.durableBytes < run.committedBytes || run.plannedBytes > run.committedBytes) return
    run.slotState = this.#sealed && run === this.last ? 'sealed' : 'closed'
    this.#queueSlot(run)
  }

  #queueSlot(run: Run): void {
    const slot = this.#slotOf(run)
    run.followsDurable = slot.followsDurable
    run.file.queueSlot(run.firstBlock, slot)
  }

  #slotOf(run: Run): BlockSlot {
    const { topic, segment, baseOffset, epoch, createdMs } = this.#owner
    const before = this.#all.slice(0, this.#all.indexOf(run))
    const isFirst = before.length === 0
    return {
      state: run.slotState,
      generation: run.generation,
      blockCount: run.blockCount,
      run: run.number,
      topic,
      segment,
      baseOffset,
      epoch,
      firstIndex: run.firstIndex,
      createdMs,
      knownBytes: run.durableBytes,
      knownEndIndex: run.durableBytes === 0 ? run.firstIndex : run.endIndex,
      lastTimestampMs: run.lastTimestampMs,
      clean: run.clean,
      beginsSegment: isFirst,
      followsDurable: isFirst ? this.#beginsTopic || this.#isBeforeDurable() : before.every(isDurable),
    }
  }
}

function isDurable({ durableBytes, plannedBytes }: Run): boolean {
  return durableBytes === plannedBytes
}
