import { WalrusError, type Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
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
  /** The runs that count, ascending; behind damage, some of them are not in `start`. */
  readonly used: readonly ScannedRun[]
  /** Blocks of runs that hold nothing that counts. */
  readonly unusedRuns: readonly UnusedRun[]
  /** Index after the last entry, where that was settled: by a seal, or by the next segment. */
  readonly endIndex: number | undefined
  /** Something in it says that all of the topic that stands before it was durable: if that is missing, it is no torn tail. */
  readonly vouchesForBefore: boolean
  /** Entries before `endIndex` are missing at the end, and nothing else. */
  readonly isShort: boolean
  /** True when something was read past what a slot vouches for: it may not be on stable storage yet. */
  readonly scanned: boolean
}

/** A run, and what it was found to hold. */
export interface ScannedRun {
  readonly found: FoundRun
  readonly run: Run
  /** Undefined for a closed run, which was not read. */
  readonly content: RunContent | undefined
  /** Batches that start at this entry index or later are void. */
  readonly indexMax: number
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
  const all = await scanRuns(ordered, endIndex, options.checksum)
  const holding = all.filter(holdsBatches)
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
    isShort: start?.damage?.isAtEnd === true && !ordered.some(isMarkedSealed),
    scanned: all.some(({ content }) => content !== undefined),
  }
}

function holdsBatches({ run, content }: ScannedRun): boolean {
  return run.committedBytes > 0 || content?.damage !== undefined
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
    if (chain.gapBefore(one.run.firstIndex) && !vouchesForBefore(one)) return at
    chain.pass(one.run.endIndex)
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
    runs: used.slice(0, damage?.runCount).map(({ run }) => run),
    nextRunNumber: Math.max(...ordered.map(({ slot }) => slot.run)) + 1,
    entryCount: endIndex ?? damage?.fromIndex ?? used.at(-1)?.run.endIndex ?? 0,
    sealed: endIndex !== undefined,
    topicState: rebuildState(stateRuns),
    damage,
  }
}

async function scanRuns(
  ordered: readonly FoundRun[],
  endIndex: number | undefined,
  checksum: Checksum,
): Promise<ScannedRun[]> {
  const scanned: ScannedRun[] = []
  const limits = indexLimits(ordered, endIndex)
  for (const [at, found] of ordered.entries()) {
    const indexMax = limits[at] ?? Infinity
    const run = new Run(placeOf(found), found.slot.run, found.slot.firstIndex)
    run.followsDurable = found.slot.followsDurable
    const isVoid = found.slot.firstIndex > indexMax
    if (!isVoid && found.slot.state !== 'open') trust(run, found)
    const content = isVoid || run.closed ? undefined : await fill(run, found, indexMax, checksum)
    scanned.push({ found, run, content, indexMax })
  }
  return scanned
}

/** For each run the index from which on it is void: a later run, or the next segment, has taken the place of what failed. */
function indexLimits(ordered: readonly FoundRun[], endIndex = Infinity): number[] {
  const limits: number[] = []
  let limit = endIndex
  for (const { slot } of [...ordered].reverse()) {
    limits.push(limit)
    limit = Math.min(limit, slot.firstIndex)
  }
  return limits.reverse()
}

/** A closed run is as its slot says; its bytes are verified when they are read. */
function trust(run: Run, { slot }: FoundRun): void {
  run.committedBytes = run.plannedBytes = run.durableBytes = slot.knownBytes
  run.endIndex = slot.knownEndIndex
  run.lastTimestampMs = slot.lastTimestampMs
  run.closed = true
  run.slotState = slot.state === 'sealed' ? 'sealed' : 'closed'
  run.indexed = false
}

/** An open run holds what can be read; it goes on only after a clean stop: what a crash has left behind its end is not all seen. */
async function fill(run: Run, { slot }: FoundRun, indexMax: number, checksum: Checksum): Promise<RunContent> {
  const content = await scanRun(run, slot.knownBytes, indexMax, checksum)
  run.committedBytes = run.plannedBytes = run.durableBytes = content.committedBytes
  run.endIndex = content.endIndex
  run.lastTimestampMs = content.lastTimestampMs
  run.clean = run.mustSoil = slot.clean && !content.residue && slot.knownBytes === content.committedBytes
  run.closed = content.committedBytes > 0 && !run.clean
  return content
}

interface FoundDamage extends SegmentDamage {
  /** Runs up to there, the damaged one included. */
  readonly runCount: number
}

/** The first place from which on entries are missing. */
function findDamage(runs: readonly ScannedRun[], endIndex: number | undefined): FoundDamage | undefined {
  const chain = new EntryChain()
  for (const [at, { found, run, content }] of runs.entries()) {
    const gap = chain.gapBefore(run.firstIndex)
    if (gap) return damageAt(found, at, gap.from, gapReason(gap))
    chain.pass(content?.endIndex ?? run.endIndex)
    if (!content?.damage) continue
    const { position, reason } = content.damage
    return damageAt(found, at + 1, chain.index, `at byte ${run.startPosition + position}: ${reason}`)
  }
  const last = runs.at(-1)
  const gap = chain.gapBefore(endIndex ?? 0)
  return last && gap && { ...damageAt(last.found, runs.length, gap.from, gapReason(gap)), isAtEnd: true }
}

function damageAt(found: FoundRun, runCount: number, fromIndex: number, reason: string): FoundDamage {
  const { topic, segment, baseOffset } = found.slot
  const what = `Cannot read offset ${baseOffset + fromIndex} of topic "${topic}" segment ${segment}`
  const error = new WalrusError('CORRUPT_DATA', `${what} (file ${found.file.name}): ${reason}`)
  return { runCount, fromIndex, isAtEnd: false, error }
}

/** The runs from the last one on that starts with the whole state; what they hold is read where it was not yet. */
async function readStateRuns(used: readonly ScannedRun[], checksum: Checksum): Promise<ScannedRun[]> {
  const runs: ScannedRun[] = []
  for (const one of [...used].reverse()) {
    const known = one.content ?? (await scanRun(one.run, one.found.slot.knownBytes, Infinity, checksum))
    runs.unshift({ ...one, content: known })
    if (known.startsWithState) break
  }
  return runs
}

function rebuildState(stateRuns: readonly ScannedRun[]): MutableTopicState {
  const state = new MutableTopicState()
  for (const { content } of stateRuns) for (const record of content?.controlRecords ?? []) state.apply(record)
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
