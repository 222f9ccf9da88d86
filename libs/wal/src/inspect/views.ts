import type { TopicState } from '@walrus/core'
import { recordsIn } from '../log/batch-records.js'
import type { RecoveredSegment, ScannedRun, UnusedRun } from '../log/recover-segment.js'
import { isReservedCursor, START_MARK } from '../reserved-cursors.js'
import type { WalkedBatch } from './walk-segment.js'

/** A topic as recovery would find it. */
export interface TopicView {
  readonly topic: string
  /** Offset of the oldest entry that may be read. */
  readonly startOffset: number
  /** Ascending; without those of which nothing is left. */
  readonly segments: readonly SegmentView[]
  readonly runs: readonly RunView[]
  readonly cursors: readonly CursorView[]
}

export interface SegmentView {
  readonly topic: string
  readonly segment: number
  readonly epoch: number
  readonly state: 'open' | 'sealed'
  readonly baseOffset: number
  readonly entryCount: number
  /** Control batches that are records of the log. */
  readonly controlCount: number
  /** The newest epoch that this copy has seen. */
  readonly fencedEpoch: number
  readonly runCount: number
  /** Bytes of batches, with their framing. */
  readonly sizeBytes: number
  readonly createdMs: number
  /** From where on entries cannot be read, and why; absent when all can, as far as is known without reading sealed data. */
  readonly damage?: string
}

/** Contiguous blocks of one segment. */
export interface RunView {
  readonly topic: string
  readonly segment: number
  /** Position of the run within the segment. */
  readonly run: number
  readonly file: string
  readonly firstBlock: number
  readonly blockCount: number
  /** Where the run starts in the file. */
  readonly byte: number
  readonly state: 'open' | 'closed' | 'sealed'
  /** used: it counts. empty, torn, removed: it does not, and the next start frees it. */
  readonly use: 'used' | UnusedRun['why']
  /** Topic offset of the first entry. */
  readonly firstOffset: number
  readonly entryCount: number
  readonly sizeBytes: number
  readonly capacityBytes: number
}

export interface CursorView {
  readonly topic: string
  readonly cursor: string
  /** Topic offset of the entry that it delivers next. */
  readonly offset: number
}

export interface BatchView {
  readonly topic: string
  readonly segment: number
  readonly file: string
  /** Where the batch's frame starts in the file. */
  readonly byte: number
  /** state: what a run starts with; no record of the log, as the others are. */
  readonly kind: 'entries' | 'control' | 'state'
  /** Topic offset of the first entry, or of the next one for a control batch. */
  readonly firstOffset: number
  readonly entryCount: number
  readonly payloadBytes: number
  readonly timestampMs: number
  readonly epoch: number
  /** Who appended it, and the sequence of the first entry; absent where nobody said. */
  readonly producer?: { readonly id: number; readonly sequence: number }
}

/** @param segments ascending */
export function viewTopic(topic: string, segments: readonly RecoveredSegment[]): TopicView {
  const cursors = [...(stateOf(segments)?.cursors ?? [])].filter(([name]) => !isReservedCursor(name))
  return {
    topic,
    startOffset: startOffsetOf(segments),
    segments: segments.flatMap(viewSegment),
    runs: segments.flatMap(viewRuns),
    cursors: cursors.map(([cursor, offset]) => ({ topic, cursor, offset })).sort(byCursor),
  }
}

/** Offset of the oldest entry that may be read: what was truncated may still be there. */
export function startOffsetOf(segments: readonly RecoveredSegment[]): number {
  const oldest = segments.find(({ start }) => start !== undefined)?.start
  return Math.max(oldest?.baseOffset ?? 0, stateOf(segments)?.cursors.get(START_MARK) ?? 0)
}

function stateOf(segments: readonly RecoveredSegment[]): TopicState | undefined {
  return segments.findLast(({ start }) => start !== undefined)?.start?.topicState
}

function byCursor(a: CursorView, b: CursorView): number {
  return a.cursor < b.cursor ? -1 : 1
}

export function viewBatch({ scanned, batch }: WalkedBatch): BatchView {
  const { run, found } = scanned
  const { topic, segment, baseOffset } = found.slot
  const { control, firstIndex, entryCount, payloadBytes, timestampMs, epoch, producerId, producerSequence } =
    batch.header
  const view: BatchView = {
    topic,
    segment,
    file: run.file.name,
    byte: run.startPosition + batch.position,
    kind: !control ? 'entries' : recordsIn(batch) > 0 ? 'control' : 'state',
    firstOffset: baseOffset + firstIndex,
    entryCount,
    payloadBytes,
    timestampMs,
    epoch,
  }
  return producerId === 0 ? view : { ...view, producer: { id: producerId, sequence: producerSequence } }
}

function viewSegment({ start, used }: RecoveredSegment): SegmentView[] {
  if (!start) return []
  const { topic, segment, epoch, fencedEpoch, sealed, baseOffset, entryCount, position, createdMs, damage } = start
  const sizeBytes = used.reduce((sum, { run }) => sum + run.committedBytes, 0)
  const state = sealed ? ('sealed' as const) : ('open' as const)
  const controlCount = position - Math.min(entryCount, damage?.fromIndex ?? entryCount)
  const counts = { entryCount, controlCount, runCount: used.length, sizeBytes }
  const view = { topic, segment, epoch, fencedEpoch, state, baseOffset, ...counts, createdMs }
  return [damage ? { ...view, damage: damage.error.message } : view]
}

function viewRuns({ used, unusedRuns }: RecoveredSegment): RunView[] {
  const counted = used.map(({ found, run }) => viewRun(found, 'used', run.committedBytes, run.endIndex))
  const others = unusedRuns.map((run) => viewRun(run, run.why, 0, run.slot.firstIndex))
  return [...counted, ...others].sort((a, b) => a.run - b.run)
}

function viewRun(
  { file, block, slot }: ScannedRun['found'],
  use: RunView['use'],
  sizeBytes: number,
  endIndex: number,
): RunView {
  return {
    topic: slot.topic,
    segment: slot.segment,
    run: slot.run,
    file: file.name,
    firstBlock: block,
    blockCount: slot.blockCount,
    byte: file.positionOf(block),
    state: slot.state === 'free' ? 'open' : slot.state,
    use,
    firstOffset: slot.baseOffset + slot.firstIndex,
    entryCount: endIndex - slot.firstIndex,
    sizeBytes,
    capacityBytes: slot.blockCount * file.geometry.blockBytes,
  }
}
