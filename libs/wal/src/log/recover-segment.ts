import { WalrusError, type Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import { Run } from '../blocks/run.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { scanRun, type RunContent } from './scan-run.js'
import type { SegmentStart } from './stored-segment.js'

/** What recovery needs besides the disk. */
export interface RecoveryOptions {
  readonly checksum: Checksum
  /** Rebuild cursors and producers: only a topic's newest segment is asked for them. */
  readonly withTopicState: boolean
  /** Some slot of the directory cannot be read: a segment without its beginning may be damaged rather than half deleted. */
  readonly slotsDamaged: boolean
}

/** A segment as it stands on disk, and the runs that hold nothing of it. */
export interface RecoveredSegment {
  /** Undefined when nothing is left of the segment. */
  readonly start: SegmentStart | undefined
  /** Blocks of runs that were begun and never committed to, or whose segment was being deleted. */
  readonly unusedRuns: readonly FoundRun[]
  /** True when something was read past what a slot vouches for: it may not be on stable storage yet. */
  readonly scanned: boolean
}

interface ScannedRun {
  readonly found: FoundRun
  readonly run: Run
  readonly content: RunContent | undefined
}

/** @param found the runs of one segment, at least one */
export async function recoverSegment(found: readonly FoundRun[], options: RecoveryOptions): Promise<RecoveredSegment> {
  const ordered = [...found].sort((a, b) => a.slot.run - b.slot.run)
  const all = await scanRuns(ordered, options)
  const scanned = all.some(({ content }) => content !== undefined)
  const used = all.filter(({ run, content }) => run.committedBytes > 0 || content?.damage)
  if (isHalfDeleted(used, options)) return { start: undefined, unusedRuns: ordered, scanned }
  const unusedRuns = all.filter((one) => !used.includes(one)).map((one) => one.found)
  return { start: await startOf(ordered, used, options), unusedRuns, scanned }
}

/** The beginning of a segment is freed before the rest. */
function isHalfDeleted(used: readonly ScannedRun[], options: RecoveryOptions): boolean {
  const [first] = used
  return !first || (first.run.firstIndex > 0 && !options.slotsDamaged)
}

async function startOf(
  ordered: readonly FoundRun[],
  used: readonly ScannedRun[],
  options: RecoveryOptions,
): Promise<SegmentStart> {
  const damage = findDamage(used)
  return {
    ...identityOf(ordered),
    runs: used.slice(0, damage?.runCount).map(({ run }) => run),
    nextRunNumber: Math.max(...ordered.map(({ slot }) => slot.run)) + 1,
    entryCount: damage?.endIndex ?? used.at(-1)?.run.endIndex ?? 0,
    sealed: ordered.some(({ slot }) => slot.state === 'sealed'),
    topicState: options.withTopicState ? await rebuildState(used, options.checksum) : new MutableTopicState(),
    damage: damage?.error,
  }
}

async function scanRuns(ordered: readonly FoundRun[], options: RecoveryOptions): Promise<ScannedRun[]> {
  const scanned: ScannedRun[] = []
  for (const [at, found] of ordered.entries()) {
    const indexMax = ordered[at + 1]?.slot.firstIndex ?? Infinity
    const run = new Run(placeOf(found), found.slot.run, found.slot.firstIndex)
    if (found.slot.state === 'open') scanned.push({ found, run, content: await fill(run, found, indexMax, options) })
    else scanned.push({ found, run: trust(run, found), content: undefined })
  }
  return scanned
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
async function fill(run: Run, { slot }: FoundRun, indexMax: number, options: RecoveryOptions): Promise<RunContent> {
  const content = await scanRun(run, slot.knownBytes, indexMax, options.checksum)
  run.committedBytes = run.plannedBytes = run.durableBytes = content.committedBytes
  run.endIndex = content.endIndex
  run.lastTimestampMs = content.lastTimestampMs
  run.closed = content.committedBytes > 0 && (content.residue || slot.knownBytes !== content.committedBytes)
  return content
}

interface Damage {
  readonly runCount: number
  readonly endIndex: number
  readonly error: WalrusError
}

/** The first place from which on entries are missing. */
function findDamage(used: readonly ScannedRun[]): Damage | undefined {
  let endIndex = 0
  for (const [at, { found, run, content }] of used.entries()) {
    if (run.firstIndex > endIndex) return damageAt(found, at, endIndex, `entries up to ${run.firstIndex} are missing`)
    endIndex = Math.max(endIndex, run.endIndex)
    if (!content?.damage) continue
    const { position, reason } = content.damage
    return damageAt(found, at + 1, endIndex, `at byte ${run.startPosition + position}: ${reason}`)
  }
  return undefined
}

function damageAt(found: FoundRun, runCount: number, endIndex: number, reason: string): Damage {
  const { topic, segment, baseOffset } = found.slot
  const what = `Cannot read offset ${baseOffset + endIndex} of topic "${topic}" segment ${segment}`
  const error = new WalrusError('CORRUPT_DATA', `${what} (file ${found.file.name}): ${reason}`)
  return { runCount, endIndex, error }
}

/** Goes back to the last run that starts with the whole state, and forward from there. */
async function rebuildState(used: readonly ScannedRun[], checksum: Checksum): Promise<MutableTopicState> {
  const state = new MutableTopicState()
  const contents: RunContent[] = []
  for (const { found, run, content } of [...used].reverse()) {
    const known = content ?? (await scanRun(run, found.slot.knownBytes, Infinity, checksum))
    contents.unshift(known)
    if (known.startsWithState) break
  }
  for (const { controlRecords } of contents) for (const record of controlRecords) state.apply(record)
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
