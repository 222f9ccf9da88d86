import { WalrusError, type Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import { Run } from '../blocks/run.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { scanRun, type RunContent } from './scan-run.js'
import type { SegmentDamage, SegmentStart } from './stored-segment.js'

/** What recovery needs besides the disk. */
export interface RecoveryOptions {
  readonly checksum: Checksum
  /** Rebuild cursors and producers: only the newest segment of a topic that holds anything is asked for them. */
  readonly withTopicState: boolean
  /** Some slot of the directory cannot be read: a segment without its beginning may be damaged rather than half deleted. */
  readonly slotsDamaged: boolean
  /** Where the next segment of the topic starts, as an index in this one, which is then sealed; undefined for the topic's last. */
  readonly endIndex: number | undefined
}

/** A segment as it stands on disk, and the runs that hold nothing of it. */
export interface RecoveredSegment {
  /** Undefined when nothing is left of the segment. */
  readonly start: SegmentStart | undefined
  /** Blocks of runs that hold nothing that counts: begun and never committed to, torn off, or left from a removal. */
  readonly unusedRuns: readonly FoundRun[]
  /** True when something was read past what a slot vouches for: it may not be on stable storage yet. */
  readonly scanned: boolean
  /** What counts, though no slot and no frame says that it is on stable storage. */
  readonly unvouched: readonly UnvouchedTail[]
  /** Runs behind whose end a void batch stands, to be wiped out: the run that makes it void may be among the unused. */
  readonly endingBeforeVoid: readonly Run[]
}

/** The end of a run, from a position in it on. */
export interface UnvouchedTail {
  readonly found: FoundRun
  readonly run: Run
  readonly fromBytes: number
}

interface ScannedRun {
  readonly found: FoundRun
  readonly run: Run
  readonly content: RunContent | undefined
}

/** @param found the runs of one segment, at least one */
export async function recoverSegment(found: readonly FoundRun[], options: RecoveryOptions): Promise<RecoveredSegment> {
  const ordered = [...found].sort((a, b) => a.slot.run - b.slot.run)
  const endIndex = options.endIndex ?? ordered.find(({ slot }) => slot.state === 'sealed')?.slot.knownEndIndex
  const all = await scanRuns(ordered, endIndex, options.checksum)
  const holding = all.filter(({ run, content }) => run.committedBytes > 0 || content?.damage)
  const used = isHalfDeleted(ordered, options) ? [] : holding.slice(0, tornAt(holding))
  return {
    start: used.length === 0 ? undefined : await startOf(ordered, used, endIndex, options),
    unusedRuns: all.filter((one) => !used.includes(one)).map((one) => one.found),
    scanned: all.some(({ content }) => content !== undefined),
    unvouched: used.flatMap(unvouchedTail),
    endingBeforeVoid: used.flatMap(({ run, content }) => (content?.endsBeforeVoid ? [run] : [])),
  }
}

function unvouchedTail({ found, run, content }: ScannedRun): UnvouchedTail[] {
  if (!content || content.durableBytes >= run.committedBytes) return []
  return [{ found, run, fromBytes: content.durableBytes }]
}

/** The beginning of a segment is freed before the rest. One that is there, though nothing in it can be read, was not. */
function isHalfDeleted(ordered: readonly FoundRun[], options: RecoveryOptions): boolean {
  return !ordered.some(({ slot }) => slot.beginsSegment) && !options.slotsDamaged
}

/** The first run before which something is missing that nothing vouches for: there the tail is torn, and nothing behind counts. */
function tornAt(runs: readonly ScannedRun[]): number | undefined {
  let endIndex = 0
  for (const [at, one] of runs.entries()) {
    if (one.run.firstIndex > endIndex && !vouchesForBefore(one)) return at
    endIndex = Math.max(endIndex, one.run.endIndex)
  }
  return undefined
}

/** Whatever of a run is known durable was so after all that stands before the run. */
function vouchesForBefore({ found, content }: ScannedRun): boolean {
  return found.slot.followsDurable || (content !== undefined && content.durableBytes > 0)
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
    if (found.slot.firstIndex > indexMax) scanned.push({ found, run, content: undefined })
    else if (found.slot.state === 'open')
      scanned.push({ found, run, content: await fill(run, found, indexMax, checksum) })
    else scanned.push({ found, run: trust(run, found), content: undefined })
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
function trust(run: Run, { slot }: FoundRun): Run {
  run.committedBytes = run.plannedBytes = run.durableBytes = slot.knownBytes
  run.endIndex = slot.knownEndIndex
  run.lastTimestampMs = slot.lastTimestampMs
  run.closed = true
  run.slotState = slot.state === 'sealed' ? 'sealed' : 'closed'
  run.indexed = false
  return run
}

/** An open run holds what can be read; it goes on only if it ends just where a clean stop left it. */
async function fill(run: Run, { slot }: FoundRun, indexMax: number, checksum: Checksum): Promise<RunContent> {
  const content = await scanRun(run, slot.knownBytes, indexMax, checksum)
  run.committedBytes = run.plannedBytes = run.durableBytes = content.committedBytes
  run.endIndex = content.endIndex
  run.lastTimestampMs = content.lastTimestampMs
  run.closed = content.committedBytes > 0 && (content.residue || slot.knownBytes !== content.committedBytes)
  return content
}

interface FoundDamage extends SegmentDamage {
  /** Runs up to there, the damaged one included. */
  readonly runCount: number
}

/** The first place from which on entries are missing. */
function findDamage(runs: readonly ScannedRun[], endIndex: number | undefined): FoundDamage | undefined {
  let index = 0
  for (const [at, { found, run, content }] of runs.entries()) {
    if (run.firstIndex > index) return damageAt(found, at, index, `entries up to ${run.firstIndex} are missing`)
    index = Math.max(index, content?.endIndex ?? run.endIndex)
    if (!content?.damage) continue
    const { position, reason } = content.damage
    return damageAt(found, at + 1, index, `at byte ${run.startPosition + position}: ${reason}`)
  }
  const last = runs.at(-1)
  if (!last || endIndex === undefined || index >= endIndex) return undefined
  return damageAt(last.found, runs.length, index, `entries up to ${endIndex} are missing`)
}

function damageAt(found: FoundRun, runCount: number, fromIndex: number, reason: string): FoundDamage {
  const { topic, segment, baseOffset } = found.slot
  const what = `Cannot read offset ${baseOffset + fromIndex} of topic "${topic}" segment ${segment}`
  const error = new WalrusError('CORRUPT_DATA', `${what} (file ${found.file.name}): ${reason}`)
  return { runCount, fromIndex, error }
}

/** The runs from the last one on that starts with the whole state; what they hold is read where it was not yet. */
async function readStateRuns(used: readonly ScannedRun[], checksum: Checksum): Promise<ScannedRun[]> {
  const runs: ScannedRun[] = []
  for (const { found, run, content } of [...used].reverse()) {
    const known = content ?? (await scanRun(run, found.slot.knownBytes, Infinity, checksum))
    runs.unshift({ found, run, content: known })
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
