import type { Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import type { BlockSlot } from '../format/block-slot.js'
import { recoverSegment, type RecoveredSegment } from './recover-segment.js'
import type { SegmentStart } from './segment-start.js'

/** The runs of a topic's segments, by segment. */
export type TopicRuns = ReadonlyMap<number, readonly FoundRun[]>

/** What the recovery of a topic needs besides the disk. */
export interface TopicRecoveryOptions {
  readonly checksum: Checksum
  /** Some slot of the directory cannot be read: what is missing may be damaged rather than half deleted, or torn off. */
  readonly slotsDamaged: boolean
  /** The removal of the slot's segment had begun. */
  readonly isBeginningFreed: (slot: BlockSlot) => boolean
}

/**
 * The segments of a topic, from the newest back: the state of the topic is in the newest that holds anything, and each bounds
 * the one before. Where the end of one was torn off that nothing vouches for, the newer ones are no part of the topic.
 */
export async function recoverTopic(
  segments: TopicRuns,
  options: TopicRecoveryOptions,
): Promise<readonly RecoveredSegment[]> {
  const recovered = await recoverAll(segments, options)
  const tornCount = options.slotsDamaged ? 0 : countTorn(recovered)
  if (tornCount === 0) return recovered
  const kept = new Set(recovered.slice(tornCount).map(segmentOf))
  const rest = await recoverAll(new Map([...segments].filter(([segment]) => kept.has(segment))), options)
  return [...recovered.slice(0, tornCount).map(tornOff), ...rest]
}

/** Newest first. */
async function recoverAll(segments: TopicRuns, options: TopicRecoveryOptions): Promise<RecoveredSegment[]> {
  const all: RecoveredSegment[] = []
  let newer: SegmentStart | undefined
  for (const [, runs] of [...segments].sort(([a], [b]) => b - a)) {
    const withTopicState = newer === undefined
    const endIndex = endIndexBefore(newer, runs)
    const recovered = await recoverSegment(runs, { ...options, withTopicState, endIndex })
    all.push(recovered)
    newer = recovered.start ?? newer
  }
  return all
}

/** How many segments, from the newest back, stand behind a torn end. */
function countTorn(newestFirst: readonly RecoveredSegment[]): number {
  let tornCount = 0
  let vouched = false
  for (const [at, one] of newestFirst.entries()) {
    if (!one.start) continue
    vouched ||= one.vouchesForBefore
    if (!vouched && !isWhole(newestFirst[at + 1], one.start)) tornCount = at + 1
  }
  return tornCount
}

/** All of the segment before is there, up to where the next one starts. */
function isWhole(before: RecoveredSegment | undefined, next: SegmentStart): boolean {
  return before?.start !== undefined && before.start.segment === next.segment - 1 && !before.isShort
}

function tornOff(one: RecoveredSegment): RecoveredSegment {
  const torn = one.used.map(({ found, content }) => ({ ...found, why: 'torn' as const, content }))
  return { ...one, start: undefined, used: [], unusedRuns: [...one.unusedRuns, ...torn] }
}

function segmentOf({ used, unusedRuns }: RecoveredSegment): number | undefined {
  return (used[0]?.found ?? unusedRuns[0])?.slot.segment
}

/** Topic → segment → the runs of it. */
export function groupByTopic(found: readonly FoundRun[]): ReadonlyMap<string, TopicRuns> {
  const topics = new Map<string, Map<number, FoundRun[]>>()
  for (const run of found) {
    const { topic, segment } = run.slot
    const segments = topics.get(topic) ?? new Map<number, FoundRun[]>()
    const runs = segments.get(segment) ?? []
    runs.push(run)
    topics.set(topic, segments.set(segment, runs))
  }
  return topics
}

/** A segment has ended, whatever else was left of it, where the next one starts. */
function endIndexBefore(newer: SegmentStart | undefined, [run]: readonly FoundRun[]): number | undefined {
  if (!newer || !run || newer.segment !== run.slot.segment + 1) return undefined
  return newer.baseOffset - run.slot.baseOffset
}
