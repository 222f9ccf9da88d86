import type { Checksum } from '@walrus/core'
import { readU32 } from '@walrus/protocol'
import type { FoundRun } from '../blocks/block-store.js'
import type { Generation } from '../format/block-slot.js'
import { FRAME_BYTES, readFrame } from '../format/frame.js'
import type { ScannedBatch } from '../log/batch-scanner.js'
import type { IndexRange } from '../log/entry-chain.js'
import type { RecoveredSegment, UnusedRun } from '../log/recover-segment.js'
import type { RunContent } from '../log/scan-run.js'
import { contentFault } from './content-fault.js'
import { damage, note, type Finding, type FindingPlace } from './finding.js'
import { walkSegment, type SegmentFault } from './walk-segment.js'

/** What was read and found whole, so far. */
export interface Tally {
  batchCount: number
  entryCount: number
  bytes: number
}

/** What verifying a segment needs besides the segment. */
export interface SegmentCheck {
  readonly checksum: Checksum
  readonly tally: Tally
  /** Told how far a run was read. */
  readonly onRead: (run: FoundRun, position: number) => void
  /** The run of a file that has this generation. */
  readonly runOfGeneration: (fileId: number, generation: Generation) => FoundRun | undefined
}

/** Reads all of a segment, and tells everything that is wrong with it. */
export async function* verifySegment(
  segment: RecoveredSegment,
  { checksum, tally, onRead, runOfGeneration }: SegmentCheck,
): AsyncGenerator<Finding, void, void> {
  yield* contradictions(segment)
  for await (const walked of walkSegment(segment, checksum)) {
    const { found } = walked.scanned
    if (walked.kind === 'fault') {
      yield damage(walked.of, placeOf(walked), walked.reason)
      continue
    }
    const { batch } = walked
    onRead(found, batch.position)
    const fault = contentFault(batch)
    const { firstIndex, entryCount } = batch.header
    if (fault !== undefined)
      yield damage('content', placeIn(found, batch.position, { from: firstIndex, to: firstIndex + entryCount }), fault)
    count(tally, batch)
  }
  for (const { found, content } of segment.used) yield* tailOf(found, content)
  for (const run of segment.unusedRuns) yield* tailOf(run, run.content)
  yield* unusedNotes(segment.unusedRuns)
  for (const run of segment.unusedRuns) if (run.why === 'empty') yield* misplaced(run, runOfGeneration, checksum)
}

function count(tally: Tally, { header, frame }: ScannedBatch): void {
  tally.batchCount += 1
  tally.entryCount += header.entryCount
  tally.bytes += FRAME_BYTES + frame.batchBytes
}

function placeOf({ scanned, position, byteCount, lost }: SegmentFault): FindingPlace {
  const place = placeIn(scanned.found, position, lost)
  return byteCount === 0 ? place : { ...place, byteCount }
}

function placeIn({ file, block, slot }: FoundRun, position: number, lost: IndexRange): FindingPlace {
  const { topic, segment, baseOffset } = slot
  const place = { file: file.name, byte: file.positionOf(block) + position, topic, segment }
  const offset = baseOffset + lost.from
  return lost.to === Infinity ? { ...place, offset } : { ...place, offset, entryCount: lost.to - lost.from }
}

/** The slots of one segment agree on where it starts, and number its runs. */
function* contradictions({ used, unusedRuns }: RecoveredSegment): Generator<Finding> {
  const runs = [...used.map(({ found }) => found), ...unusedRuns]
  const numbers = new Set<number>()
  for (const found of runs) {
    const { run, baseOffset, firstIndex } = found.slot
    const place = placeIn(found, 0, { from: firstIndex, to: firstIndex })
    if (numbers.has(run)) yield damage('conflict', place, `run ${run} of the segment stands in two places`)
    numbers.add(run)
    const expected = runs[0]?.slot.baseOffset
    if (baseOffset !== expected)
      yield damage('conflict', place, `the segment starts at offset ${expected}, and by this run at ${baseOffset}`)
  }
}

function* tailOf(found: FoundRun, content: RunContent | undefined): Generator<Finding> {
  if (!content?.tail) return
  const { position, reason } = content.tail
  const place = placeIn(found, position, { from: content.endIndex, to: Infinity })
  yield note('torn-tail', place, `torn tail, never known durable: ${reason}`)
}

function* unusedNotes(unused: readonly UnusedRun[]): Generator<Finding> {
  for (const run of unused) {
    if (run.why !== 'torn') continue
    const what = 'torn tail, never known durable: something before this run is missing'
    yield note('torn-run', placeIn(run, 0, { from: run.slot.firstIndex, to: Infinity }), what)
  }
  const [removed] = unused.filter(({ why }) => why === 'removed')
  if (!removed) return
  const { topic, segment } = removed.slot
  yield note('half-removed', { topic, segment }, 'the segment was being removed; the next start completes it')
}

/** A slot does not say in which place it belongs; the batches do. */
async function* misplaced(
  run: FoundRun,
  runOfGeneration: SegmentCheck['runOfGeneration'],
  checksum: Checksum,
): AsyncGenerator<Finding> {
  const { file, block } = run
  const bytes = await file.read(file.positionOf(block), FRAME_BYTES)
  const generation = { openCount: readU32(bytes, 0), sequence: readU32(bytes, 4) }
  const owner = runOfGeneration(file.fileId, generation)
  if (!owner || owner.block === block) return
  if (!readFrame(bytes, 0, { generation, position: 0 }, file.fileId, checksum)) return
  const { topic, segment } = owner.slot
  const what = `a batch of topic "${topic}" segment ${segment} stands here, whose slot is that of block ${owner.block}`
  yield damage('conflict', placeIn(run, 0, { from: run.slot.firstIndex, to: Infinity }), what)
}
