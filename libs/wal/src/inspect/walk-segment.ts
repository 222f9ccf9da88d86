import type { Checksum } from '@walrus/core'
import type { BatchHeader } from '@walrus/protocol'
import type { ScannedBatch } from '../log/batch-scanner.js'
import { EntryChain, gapReason, type IndexRange } from '../log/entry-chain.js'
import type { RecoveredSegment, ScannedRun } from '../log/recover-segment.js'
import type { RunContent } from '../log/scan-run.js'
import { walkRun, type BrokenStretch } from './walk-run.js'

/** A place in a segment from which entries or control records are not what they should be. */
export interface SegmentFault {
  readonly kind: 'fault'
  readonly of: 'batch' | 'missing' | 'conflict'
  readonly scanned: ScannedRun
  /** Position in the run. */
  readonly position: number
  /** Bytes from there on that are no use; 0 where all bytes are whole. */
  readonly byteCount: number
  /** Entries that are lost there: none where only control records are, up to Infinity where nobody can tell. */
  readonly lost: IndexRange
  readonly reason: string
}

/** A whole batch, in its place. */
export interface WalkedBatch {
  readonly kind: 'batch'
  readonly scanned: ScannedRun
  readonly batch: ScannedBatch
}

export type Walked = WalkedBatch | SegmentFault

/**
 * All that counts of a segment, in order: whole batches, and what is not whole between them.
 * @param fromIndex closed runs that end at or before it are not read
 */
export async function* walkSegment(
  { used, endIndex }: RecoveredSegment,
  checksum: Checksum,
  fromIndex = 0,
): AsyncGenerator<Walked, void, void> {
  const chain = new EntryChain()
  for (const scanned of used) {
    const { run, content } = scanned
    const gap = chain.gapBefore(run.firstIndex)
    if (gap) yield { kind: 'fault', of: 'missing', scanned, ...nowhere(0), lost: gap, reason: gapReason(gap) }
    if (run.firstIndex < chain.index) yield overlap(scanned, chain.index)
    chain.pass(run.firstIndex)
    if (!content && run.endIndex <= fromIndex) chain.pass(run.endIndex)
    else chain.pass(yield* new RunWalk(scanned).walk(checksum))
  }
  const last = used.at(-1)
  const gap = chain.gapBefore(endIndex ?? 0)
  if (!last || !gap) return
  const place = nowhere(last.run.committedBytes)
  yield { kind: 'fault', of: 'missing', scanned: last, ...place, lost: gap, reason: gapReason(gap) }
}

function nowhere(position: number): Pick<SegmentFault, 'position' | 'byteCount'> {
  return { position, byteCount: 0 }
}

function overlap(scanned: ScannedRun, endIndex: number): SegmentFault {
  const { firstIndex } = scanned.run
  const reason = `the run starts at entry ${firstIndex}, the one before ends at ${endIndex}`
  return { kind: 'fault', of: 'conflict', scanned, ...nowhere(0), lost: { from: firstIndex, to: firstIndex }, reason }
}

/** One run on the walk: how many entries a fault costs is known only when the next header is met. */
class RunWalk {
  readonly #scanned: ScannedRun
  #nextIndex: number
  #unplaced: BrokenStretch[] = []

  constructor(scanned: ScannedRun) {
    this.#scanned = scanned
    this.#nextIndex = scanned.run.firstIndex
  }

  /** Returns the index after the last entry of the run. */
  async *walk(checksum: Checksum): AsyncGenerator<Walked, number, void> {
    const { run, content } = this.#scanned
    const to = content?.damage ? run.capacityBytes : run.committedBytes
    for await (const item of walkRun(run, to, checksum)) {
      if (this.#isTail(item)) break
      if (item.header) yield* this.#advance(item, item.header)
      else this.#unplaced.push(item as BrokenStretch)
    }
    return yield* this.#finish()
  }

  /** Behind damage in an open run, whatever was not known durable is a torn tail, and batches that a later run replaced are void. */
  #isTail(item: ScannedBatch | BrokenStretch): boolean {
    const { content, indexMax } = this.#scanned
    if (!content?.damage) return false
    if (item.kind === 'batch') return isVoid(item.header, indexMax)
    return item.position >= content.durableBytes && item.position > content.damage.position
  }

  *#advance(item: ScannedBatch | BrokenStretch, { firstIndex, entryCount }: BatchHeader): Generator<Walked> {
    const expected = this.#nextIndex
    const skipped = { from: expected, to: Math.max(expected, firstIndex) }
    const explained = this.#unplaced.length > 0 && firstIndex >= expected
    yield* this.#place(skipped)
    if (firstIndex !== expected && !explained)
      yield this.#fault(nowhere(item.position), skipped, outOfOrder(firstIndex, expected))
    this.#nextIndex = firstIndex + entryCount
    if (item.kind === 'batch') yield { kind: 'batch', scanned: this.#scanned, batch: item }
    else yield this.#fault(stretchOf(item), { from: firstIndex, to: this.#nextIndex }, item.reason)
  }

  *#finish(): Generator<Walked, number> {
    const { run, content } = this.#scanned
    const from = this.#nextIndex
    const end = content ? this.#endOfOpenRun(content) : run.endIndex
    const lost = { from, to: Math.max(from, end) }
    const explained = content !== undefined || from === end || this.#unplaced.length > 0
    const reason = `entries up to ${from} where the slot says ${end}`
    if (!explained) yield this.#fault(nowhere(run.committedBytes), lost, reason)
    const endIndex = content && (this.#unplaced.length === 0 || end === Infinity) ? from : lost.to
    yield* this.#place(lost)
    return endIndex
  }

  /** Up to where entries are known to have been; Infinity where nobody can tell. */
  #endOfOpenRun({ durableBytes }: RunContent): number {
    const { found, indexMax } = this.#scanned
    const { knownBytes, knownEndIndex } = found.slot
    return indexMax === Infinity && knownBytes >= durableBytes ? knownEndIndex : indexMax
  }

  *#place(lost: IndexRange): Generator<Walked> {
    const durableBytes = this.#scanned.content?.durableBytes ?? Infinity
    for (const broken of this.#unplaced) {
      const endPosition = Math.min(broken.endPosition, durableBytes)
      yield this.#fault(stretchOf({ ...broken, endPosition }), lost, broken.reason)
    }
    this.#unplaced = []
  }

  #fault(place: Pick<SegmentFault, 'position' | 'byteCount'>, lost: IndexRange, reason: string): SegmentFault {
    return { kind: 'fault', of: 'batch', scanned: this.#scanned, ...place, lost, reason }
  }
}

function stretchOf({ position, endPosition }: BrokenStretch): Pick<SegmentFault, 'position' | 'byteCount'> {
  return { position, byteCount: endPosition - position }
}

/** As in `scanRun`. */
function isVoid({ control, firstIndex, entryCount }: BatchHeader, indexMax: number): boolean {
  return !control && firstIndex + entryCount > indexMax
}

function outOfOrder(firstIndex: number, expected: number): string {
  return `batch out of order: it starts at entry ${firstIndex}, expected ${expected}`
}
