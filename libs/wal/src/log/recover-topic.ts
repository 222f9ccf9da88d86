import type { Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import { recoverSegment, type RecoveredSegment } from './recover-segment.js'
import type { SegmentStart } from './stored-segment.js'

/** The runs of a topic's segments, by segment. */
export type TopicRuns = ReadonlyMap<number, readonly FoundRun[]>

/** What the recovery of a topic needs besides the disk. */
export interface TopicRecoveryOptions {
  readonly checksum: Checksum
  /** Whether the slot of the segment's beginning may be unreadable: without one, it is damaged rather than half deleted. */
  readonly mayLackSlots: (segment: number) => boolean
}

/** From the newest segment back: the state of the topic is in the newest that holds anything, and each bounds the one before. */
export async function* recoverTopic(
  segments: TopicRuns,
  { checksum, mayLackSlots }: TopicRecoveryOptions,
): AsyncGenerator<RecoveredSegment> {
  let newer: SegmentStart | undefined
  for (const [segment, runs] of [...segments].sort(([a], [b]) => b - a)) {
    const recovered = await recoverSegment(runs, {
      checksum,
      withTopicState: newer === undefined,
      slotsDamaged: mayLackSlots(segment),
      endIndex: endIndexBefore(newer, runs),
    })
    yield recovered
    newer = recovered.start ?? newer
  }
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

/** A segment is sealed, with all of it durable, before the next one is made. */
function endIndexBefore(newer: SegmentStart | undefined, [run]: readonly FoundRun[]): number | undefined {
  if (!newer || !run || newer.segment !== run.slot.segment + 1) return undefined
  return newer.baseOffset - run.slot.baseOffset
}
