import { WalrusError, type Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import type { LogPoint } from '../blocks/log-point.js'
import { Run } from '../blocks/run.js'
import type { BlockSlot } from '../format/block-slot.js'
import { EntryChain, gapReason } from './entry-chain.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { scanRun, type RunContent } from './scan-run.js'
import type { SegmentDamage, SegmentStart } from './segment-start.js'

/** What recovery needs besides the disk. */
export interface RecoveryOptions {
  readonly checksum: Checksum
  /** Rebuild cursors and producers: only the newest segment of a topic that holds anything is asked for them. */
  readonly withTopicState: boolean
  /** Some slot of the directory cannot be read: what is missing may be damaged rather than half deleted, or torn off. */
  readonly slotsDamaged: boolean
  /** The removal of the slot's segment had begun. */
  readonly isBeginningFreed: (slot: BlockSlot) => boolean
  /** Where the next segment of the topic starts, as an index in this one, which is then sealed; undefined for the topic's last. */
  readonly endIndex: number | undefined
}

/** A segment as it stands on disk, and the runs that hold nothing of it. */
export interface RecoveredSegment {
  /** Undefined when nothing is left of the segment. */
  readonly start: SegmentStart | undefined
  /** The runs that count, ascending. */
  readonly used: readonly ScannedRun[]
  /** Blocks of runs that hold nothing that counts. */
  readonly unusedRuns: readonly UnusedRun[]
  /** Index after the last entry, where that was settled: by a seal, or by the next segment. */
  readonly endIndex: number | undefined
  /** Something in it says that all of the topic that stands before it was durable: if that is missing, it is no torn tail. */
  readonly vouchesForBefore: boolean
  /** Entries before `endIndex` are missing at the end, and nothing else. */
  readonly isShort: boolean
  /** The run before which a tail was given up, where some of that tail is still there. */
  readonly cut: ScannedRun | undefined
  /** True when something was read past what a slot vouches for: it may not be on stable storage yet. */
  readonly scanned: boolean
}

/** A run, and what it was found to hold. */
export interface ScannedRun {
  readonly found: FoundRun
  readonly run: Run
  /** Undefined for a closed run, which was not read. */
  readonly content: RunContent | undefined
  /** What reaches beyond this point is void: a later run, or the next segment, has taken its place, or it was given up. */
  readonly limit: LogPoint
}

/** empty: begun and never committed to. torn: something before it is missing. removed: its segment was being deleted. */
export interface UnusedRun extends FoundRun {
  readonly why: 'empty' | 'torn' | 'removed'
  readonly content: RunContent | undefined
}

/** @param found the runs of one segment, at least one */
export async function recoverSegment(found: readonly FoundRun[], options: RecoveryOptions): Promise<RecoveredSegment> {
  const ordered = [...found].sort((a, b) => a.slot.run - b.slot.run)
  const endIndex = options.endIndex ?? ordered.find(isMarkedSealed)?.slot.knownEndIndex
  const all = await scanRuns(ordered, endOf(ordered, endIndex), options.checksum)
  const holding = all.filter(holdsPlace)
  const removed = isHalfDeleted(ordered, options)
  const used = new Set(removed ? [] : holding.slice(0, options.slotsDamaged ? undefined : tornAt(holding)))
  const start = used.size === 0 ? undefined : await startOf(ordered, [...used], endIndex, options)
  const whyUnused = (one: ScannedRun) => (!holdsBatches(one) ? 'empty' : removed ? 'removed' : 'torn')
  return {
    start,
    used: [...used],
    unusedRuns: all
      .filter((one) => !used.has(one))
      .map((one) => ({ ...one.found, why: whyUnused(one), content: one.content })),
    endIndex,
    vouchesForBefore: [...used].some(vouchesForBefore),
    cut: all.find((one, at) => isCut(one) && all.slice(0, at).some((before) => isCutBy(one, before))),
    isShort: start?.damage?.isAtEnd === true && !ordered.some(isMarkedSealed),
    scanned: all.some(({ content }) => content !== undefined),
  }
}

function holdsBatches({ run, content }: ScannedRun): boolean {
  return run.committedBytes > 0 || content?.damage !== undefined
}

/** A tail stays given up also where nothing is behind the run that says so. */
function holdsPlace(one: ScannedRun): boolean {
  return holdsBatches(one) || isCut(one)
}

function isCut({ found, run, limit }: ScannedRun): boolean {
  return found.slot.cuts && run.firstPosition <= limit.position
}

/** The slot of the run before still tells, on disk, of what was given up. */
function isCutBy(one: ScannedRun, before: ScannedRun): boolean {
  const { state, knownEndPosition } = before.found.slot
  return state === 'open' || knownEndPosition > one.run.firstPosition
}

function isMarkedSealed({ slot }: FoundRun): boolean {
  return slot.state === 'sealed'
}

/** The beginning of a segment is freed before the rest. One that is gone without having been freed is damage. */
function isHalfDeleted(ordered: readonly FoundRun[], options: RecoveryOptions): boolean {
  if (options.slotsDamaged || ordered.some(({ slot }) => slot.beginsSegment)) return false
  return ordered.some(({ slot }) => options.isBeginningFreed(slot))
}

/** The first run before which something is missing that nothing vouches for: there the tail is torn, and nothing behind counts. */
function tornAt(runs: readonly ScannedRun[]): number | undefined {
  const chain = new EntryChain()
  for (const [at, one] of runs.entries()) {
    if (chain.gapBefore(one.run.first) && !vouchesForBefore(one)) return at
    chain.pass(one.run.end)
  }
  return undefined
}

/** Whatever of a run is known durable was so after all that stands before the run. */
function vouchesForBefore({ found, run, content }: ScannedRun): boolean {
  return found.slot.followsDurable || (content ?? run).durableBytes > 0
}

async function startOf(
  ordered: readonly FoundRun[],
  used: readonly ScannedRun[],
  endIndex: number | undefined,
  options: RecoveryOptions,
): Promise<SegmentStart> {
  const stateRuns = options.withTopicState ? await readStateRuns(used, options.checksum) : []
  const damage = findDamage([...used.slice(0, used.length - stateRuns.length), ...stateRuns], endIndex)
  return {
    ...identityOf(ordered),
    runs: used.map(({ run }) => run),
    nextRunNumber: Math.max(...ordered.map(({ slot }) => slot.run)) + 1,
    entryCount: endIndex ?? damage?.fromIndex ?? used.at(-1)?.run.endIndex ?? 0,
    position: damage?.fromPosition ?? used.at(-1)?.run.endPosition ?? 0,
    fencedEpoch: Math.max(...ordered.map(({ slot }) => Math.max(slot.epoch, slot.fencedEpoch))),
    sealed: endIndex !== undefined,
    topicState: rebuildState(stateRuns),
    knowsState: options.withTopicState,
    damage,
  }
}

async function scanRuns(ordered: readonly FoundRun[], segmentEnd: LogPoint, checksum: Checksum): Promise<ScannedRun[]> {
  const scanned: ScannedRun[] = []
  const limits = runLimits(ordered, segmentEnd)
  for (const [at, found] of ordered.entries()) {
    const limit = limits[at] ?? segmentEnd
    const { run: number, firstIndex, firstPosition, followsDurable, cuts } = found.slot
    const run = new Run(placeOf(found), number, { index: firstIndex, position: firstPosition })
    run.followsDurable = followsDurable
    run.cuts = cuts
    const isVoid = firstIndex > limit.index || firstPosition > limit.position
    if (!isVoid && isSettled(found, limit)) trust(run, found)
    const content = isVoid || run.closed ? undefined : await fill(run, found, limit, checksum)
    scanned.push({ found, run, content, limit })
  }
  return scanned
}

/** A closed run is all there; not all of it counts where its tail was given up later. */
function isSettled({ slot }: FoundRun, limit: LogPoint): boolean {
  return slot.state !== 'open' && slot.knownEndPosition <= limit.position
}

/** Where the segment has ended, where that was settled; the start of the next one says nothing about control batches. */
function endOf(ordered: readonly FoundRun[], endIndex = Infinity): LogPoint {
  const sealed = ordered.find(isMarkedSealed)?.slot
  const isExact = sealed?.knownEndIndex === endIndex
  return { index: endIndex, position: isExact ? sealed.knownEndPosition : Infinity }
}

/** For each run the point behind which it is void: a later run, or the next segment, has taken the place of what failed. */
function runLimits(ordered: readonly FoundRun[], segmentEnd: LogPoint): LogPoint[] {
  const limits: LogPoint[] = []
  let limit = segmentEnd
  for (const { slot } of [...ordered].reverse()) {
    limits.push(limit)
    const { index, position } = limit
    limit = { index: Math.min(index, slot.firstIndex), position: Math.min(position, slot.firstPosition) }
  }
  return limits.reverse()
}

/** A closed run is as its slot says; its bytes are verified when they are read. */
function trust(run: Run, { slot }: FoundRun): void {
  run.committedBytes = run.plannedBytes = run.durableBytes = slot.knownBytes
  run.endIndex = slot.knownEndIndex
  run.endPosition = slot.knownEndPosition
  run.lastTimestampMs = slot.lastTimestampMs
  run.closed = true
  run.slotState = slot.state === 'sealed' ? 'sealed' : 'closed'
  run.indexed = false
}

/** An open run holds what can be read; it goes on only after a clean stop: what a crash has left behind its end is not all seen. */
async function fill(run: Run, { slot }: FoundRun, limit: LogPoint, checksum: Checksum): Promise<RunContent> {
  const content = await scanRun(run, slot.knownBytes, limit, checksum)
  run.committedBytes = run.plannedBytes = run.durableBytes = content.committedBytes
  run.endIndex = content.endIndex
  run.endPosition = content.endPosition
  run.lastTimestampMs = content.lastTimestampMs
  run.clean = run.mustSoil = slot.clean && !content.residue && slot.knownBytes === content.committedBytes
  run.closed = (content.committedBytes > 0 || slot.cuts) && !run.clean
  return content
}

/** The first place from which on entries are missing. */
function findDamage(runs: readonly ScannedRun[], endIndex: number | undefined): FoundDamage | undefined {
  const place = findDamagedPlace(runs, endIndex)
  if (!place) return undefined
  const { found, end, reason, isAtEnd = false } = place
  const { index: fromIndex, position: fromPosition } = end
  const { topic, segment, baseOffset } = found.slot
  const what = `Cannot read offset ${baseOffset + fromIndex} of topic "${topic}" segment ${segment}`
  const error = new WalrusError('CORRUPT_DATA', `${what} (file ${found.file.name}): ${reason}`)
  return { fromIndex, fromPosition, traceEndIndex: Math.max(fromIndex, ...runs.map(traceEndIndex)), isAtEnd, error }
}

interface FoundDamage extends SegmentDamage {
  readonly fromPosition: number
}

interface DamagedPlace {
  readonly found: FoundRun
  /** Of what is whole before it. */
  readonly end: LogPoint
  readonly reason: string
  readonly isAtEnd?: boolean
}

function findDamagedPlace(runs: readonly ScannedRun[], endIndex: number | undefined): DamagedPlace | undefined {
  const chain = new EntryChain()
  for (const { found, run, content } of runs) {
    const gap = chain.gapBefore(run.first)
    if (gap) return { found, end: chain, reason: gapReason(gap) }
    chain.pass(content ? { index: content.endIndex, position: content.endPosition } : run.end)
    if (!content?.damage) continue
    const { position, reason } = content.damage
    return { found, end: chain, reason: `at byte ${run.startPosition + position}: ${reason}` }
  }
  const last = runs.at(-1)
  const gap = chain.gapBefore({ index: endIndex ?? 0, position: 0 })
  return last && gap && { found: last.found, end: chain, reason: gapReason(gap), isAtEnd: true }
}

function traceEndIndex({ found, run, content, limit }: ScannedRun): number {
  return Math.min(limit.index, Math.max(found.slot.knownEndIndex, content?.traceEndIndex ?? run.endIndex))
}

/** The runs from the last one on that starts with the whole state; what they hold is read where it was not yet. */
async function readStateRuns(used: readonly ScannedRun[], checksum: Checksum): Promise<ScannedRun[]> {
  const runs: ScannedRun[] = []
  for (const one of [...used].reverse()) {
    const known = one.content ?? (await scanRun(one.run, one.found.slot.knownBytes, one.limit, checksum))
    runs.unshift({ ...one, content: known })
    if (known.startsWithState) break
  }
  return runs
}

function rebuildState(stateRuns: readonly ScannedRun[]): MutableTopicState {
  const state = new MutableTopicState()
  for (const { content } of stateRuns) for (const record of content?.stateRecords ?? []) state.apply(record)
  return state
}

function identityOf(
  ordered: readonly FoundRun[],
): Pick<SegmentStart, 'topic' | 'segment' | 'baseOffset' | 'epoch' | 'createdMs'> {
  const [first] = ordered
  if (!first) throw new Error('a segment is recovered from at least one run')
  const { topic, segment, baseOffset, epoch, createdMs } = first.slot
  return { topic, segment, baseOffset, epoch, createdMs }
}

function placeOf({ file, block, slot }: FoundRun): ConstructorParameters<typeof Run>[0] {
  return { file, firstBlock: block, blockCount: slot.blockCount, generation: slot.generation }
}
