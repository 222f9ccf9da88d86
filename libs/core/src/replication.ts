import type { NodeId, SegmentMetadata } from './metadata/model.js'
import { recoveryQuorum } from './ack-quorum.js'

/**
 * How far a segment's log is committed: the position that `quorum` copies have reached on stable storage. Each copy is a
 * prefix of the leader's log, so a position says all about it. 0 when there are fewer copies than the quorum.
 */
export function committedPosition(durablePositions: readonly number[], quorum: number): number {
  const descending = [...durablePositions].sort((left, right) => right - left)
  return descending[quorum - 1] ?? 0
}

/** What a replica tells of its copy, after it has durably refused every older epoch. */
export interface CopyReport {
  readonly node: NodeId
  /** The epoch under which the copy was created; 0 when there is none. */
  readonly createdEpoch: number
  readonly entryCount: number
  readonly controlCount: number
}

/** What a recovery does next. */
export type RecoveryDecision =
  /** Too few copies are known: the missing one may have an acknowledged entry. */
  | { readonly kind: 'wait'; readonly missing: number }
  /** Copy from `source` to the others until `copies` nodes have all of it; then seal there. */
  | { readonly kind: 'seal'; readonly source: CopyReport; readonly copies: number }

/**
 * Where a fenced segment ends: at the end of the longest copy among enough of its replicas. Entries behind an acknowledged
 * one may be in it that were never acknowledged; that does no harm. Equally long copies are the same; the lowest id is taken.
 */
export function decideRecovery(
  segment: Pick<SegmentMetadata, 'replicas' | 'ackQuorum'>,
  reports: readonly CopyReport[],
): RecoveryDecision {
  const heard = reports.filter((report) => segment.replicas.includes(report.node))
  const needed = recoveryQuorum(segment.replicas.length, segment.ackQuorum)
  const source = longestCopy(heard)
  if (source === undefined || heard.length < needed) return { kind: 'wait', missing: needed - heard.length }
  return { kind: 'seal', source, copies: segment.ackQuorum }
}

/** The longest of the copies, the one on the lowest node if there are several; undefined when there is no report. */
export function longestCopy(reports: readonly CopyReport[]): CopyReport | undefined {
  const [longest] = [...ownCopies(reports)].sort(
    (left, right) => lengthOf(right) - lengthOf(left) || left.node - right.node,
  )
  return longest
}

/** Reports whose copies are as long as the longest: those nodes need nothing more before the segment is sealed there. */
export function wholeCopies(source: CopyReport, reports: readonly CopyReport[]): readonly NodeId[] {
  return ownCopies(reports)
    .filter((report) => lengthOf(report) === lengthOf(source))
    .map((report) => report.node)
}

/**
 * Every copy of a segment was created under the same epoch. One with an older epoch is left over from a deleted topic of the
 * same name: nothing in it counts.
 */
function ownCopies(reports: readonly CopyReport[]): readonly CopyReport[] {
  const createdEpoch = Math.max(0, ...reports.map((report) => report.createdEpoch))
  return reports.map((report) =>
    report.createdEpoch === createdEpoch ? report : { ...report, entryCount: 0, controlCount: 0 },
  )
}

/** What a replica does with a stretch of its leader's log. */
export type ReplicaDecision =
  | { readonly kind: 'append' }
  /** Whoever sends it was fenced, or is not the leader of this segment any more. */
  | { readonly kind: 'stale'; readonly epoch: number }
  /** It does not begin where the copy ends: the leader goes on from there. */
  | { readonly kind: 'gap'; readonly position: number }

/** A replica takes what its leader writes under an epoch that is not older than any it has seen, and what comes next. */
export function decideReplicate(
  copy: { readonly epoch: number; readonly position: number },
  stretch: { readonly epoch: number; readonly position: number },
): ReplicaDecision {
  if (stretch.epoch < copy.epoch) return { kind: 'stale', epoch: copy.epoch }
  if (stretch.position !== copy.position) return { kind: 'gap', position: copy.position }
  return { kind: 'append' }
}

function lengthOf({ entryCount, controlCount }: CopyReport): number {
  return entryCount + controlCount
}
