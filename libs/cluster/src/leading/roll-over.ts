import {
  decideRollover,
  formatSegmentKey,
  lastSegment,
  placeNextSegment,
  reasonOf,
  WalrusError,
  type ClusterMetadata,
  type MetadataCommand,
  type MetadataResult,
  type NodeId,
  type Placement,
  type SegmentCounts,
  type SegmentKey,
  type SegmentLimits,
  type TailStatus,
  type TopicMetadata,
} from '@walrus/core'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment, SegmentEnd } from '../open-segment.js'
import { backoffMs, pause } from '../pause.js'
import { traceSeal, type SealAndRoll } from '../tracing/trace-seal.js'
import { isDiskFull } from './disk-full.js'

export interface RolloverOrder {
  readonly limits: SegmentLimits
  /** Also when the segment is not full: the leader leaves, or an operator wants it. */
  readonly forced: boolean
}

/**
 * `kept`: the segment is not full after all, or this node may not end it now. `rolled`: metadata has sealed it, and names the
 * next one. `overtaken`: others have fenced or sealed it, and what becomes of it is theirs to say. `stuck`: this node has no
 * room to record the end, so others have to end it.
 */
export type RolloverOutcome = 'kept' | 'rolled' | 'overtaken' | 'stuck'

/**
 * Ends the open segment that no append gets into any more: what is in flight is settled, so the count is exact; storage
 * records the end (where it cannot, the segment is fenced instead); metadata is asked until its answer is known. Each step may
 * be repeated, and a crash between two of them is finished by the next start. Rejects when the segment can neither go on nor be ended here.
 */
export async function rollOver(
  context: ClusterContext,
  segment: OpenSegment,
  order: RolloverOrder,
): Promise<RolloverOutcome> {
  const startMs = context.clock.monotonicMs()
  await segment.drain()
  if (!isCurrent(context, segment)) return 'overtaken'
  if (!segment.sealed && !mayEnd(context, segment, order)) return 'kept'
  const end = await untilDone(context, segment, 'record the end of', () => sealed(segment))
  if (end === 'stuck' || end === 'overtaken') return end
  const ending = end.isFinal ? segment : await fenced(context, segment)
  const outcome = ending === 'overtaken' ? ending : await proposeSeal(context, ending, end)
  const pauseMs = Math.round(context.clock.monotonicMs() - startMs)
  context.report('debug', `segment ${outcome}`, { ...nameOf(segment), entryCount: end.entryCount, pauseMs })
  return outcome
}

async function sealed(segment: OpenSegment): Promise<SegmentEnd | 'stuck'> {
  try {
    return await segment.seal()
  } catch (error) {
    if (isDiskFull(error)) return 'stuck'
    throw error
  }
}

/**
 * The open segment as the rollover decision sees it. What a quorum lacks counts, drained or not, as it does at the gate: a
 * segment that the one calls full and the other does not would be closed and opened for ever.
 */
export function tailStatus(
  segment: OpenSegment,
  now: { readonly drained: boolean; readonly leaseHeld: boolean; readonly wallMs: number },
): TailStatus {
  const { drained, leaseHeld, wallMs } = now
  return {
    leaseHeld,
    drained,
    entryCount: segment.appendedCount,
    sizeBytes: segment.sizeBytes,
    ageMs: wallMs - segment.createdMs,
  }
}

function mayEnd({ clock, lease }: ClusterContext, segment: OpenSegment, { limits, forced }: RolloverOrder): boolean {
  const leaseHeld = lease.check()
  if (forced) return leaseHeld
  return (
    decideRollover(tailStatus(segment, { drained: true, leaseHeld, wallMs: clock.wallMs() }), limits).kind === 'seal'
  )
}

/** A segment under the epoch under which it is to end: the one under which it is written, or that of a fence. */
interface Ending extends SegmentKey {
  readonly epoch: number
}

/** Metadata knows the segment under this epoch, and has not decided where it ends. */
function isCurrent({ metadata }: ClusterContext, segment: Ending): boolean {
  const topic = metadata.state.topics.get(segment.topic)
  if (topic === undefined) return false
  const { id, epoch } = lastSegment(topic)
  return id === segment.segment && epoch === segment.epoch
}

/**
 * The segment under an epoch under which no life of this node writes it. The end is not on the disk: a node that crashes now
 * goes on behind it, and a seal under the old epoch that is applied after that would lose what was acknowledged since.
 */
async function fenced(context: ClusterContext, segment: Ending): Promise<Ending | 'overtaken'> {
  const { topic, segment: id, epoch } = segment
  const { outcome } = await untilKnown(context, segment, 'fence', { kind: 'FenceSegment', topic, segment: id, epoch })
  const ending = { topic, segment: id, epoch: epoch + 1 }
  return outcome !== 'rejected' && isCurrent(context, ending) ? ending : 'overtaken'
}

/**
 * One command for all attempts: a second one that names another leader would contradict the first, if that was applied. Only
 * when it was certainly refused because a node has left the cluster is another node chosen.
 */
async function proposeSeal(context: ClusterContext, segment: Ending, counts: SegmentCounts): Promise<RolloverOutcome> {
  for (;;) {
    const command = await untilDone(context, segment, 'place what follows', () => sealAndRoll(context, segment, counts))
    if (command === 'overtaken') return command
    traceSeal(context.trace, command, 'leader')
    const result = await untilKnown(context, segment, 'seal', command)
    if (result.outcome !== 'rejected') return 'rolled'
    if (!isCurrent(context, segment)) return 'overtaken'
    if (result.reason === 'unknown-node') continue
    throw new WalrusError('UNAVAILABLE', `Cannot seal segment "${formatSegmentKey(segment)}": ${result.detail}`)
  }
}

/** Also when others overtake the segment meanwhile: what this node has proposed may be what did. */
async function untilKnown(
  context: ClusterContext,
  segment: Ending,
  what: string,
  command: MetadataCommand,
): Promise<MetadataResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await context.metadata.propose(command)
    } catch (error) {
      await afterFailure(context, segment, { what, attempt, error })
    }
  }
}

async function sealAndRoll(
  { metadata, liveness }: ClusterContext,
  segment: Ending,
  { entryCount, controlCount }: SegmentCounts,
): Promise<SealAndRoll> {
  const { nodes, topics } = metadata.state
  const topic = topics.get(segment.topic)
  const placement = topic && (place(topic, nodes, liveness.placeable()) ?? place(topic, nodes, liveness.live()))
  if (placement === undefined) {
    const key = formatSegmentKey(segment)
    throw new WalrusError('UNAVAILABLE', `Cannot seal segment "${key}": no live voter can lead the next one`)
  }
  const { topic: name, segment: id, epoch } = segment
  const next = { nextLeader: placement.leader, nextReplicas: placement.replicas }
  return { kind: 'SealAndRoll', topic: name, segment: id, epoch, entryCount, controlCount, ...next }
}

function place(topic: TopicMetadata, nodes: ClusterMetadata['nodes'], live: ReadonlySet<NodeId>): Placement {
  return placeNextSegment({ nodes, live }, lastSegment(topic).leader, topic.config.replicationFactor)
}

/** Tries again until it succeeds, or others have overtaken the segment. */
async function untilDone<Value>(
  context: ClusterContext,
  segment: Ending,
  what: string,
  step: () => Promise<Value>,
): Promise<Value | 'overtaken'> {
  for (let attempt = 1; ; attempt += 1) {
    if (!isCurrent(context, segment)) return 'overtaken'
    try {
      return await step()
    } catch (error) {
      await afterFailure(context, segment, { what, attempt, error })
    }
  }
}

/** What failed may have been done. Only a closed storage ends it, and with it this node. */
async function afterFailure(
  context: ClusterContext,
  segment: Ending,
  { what, attempt, error }: { readonly what: string; readonly attempt: number; readonly error: unknown },
): Promise<void> {
  if (error instanceof WalrusError && error.code === 'STORAGE_CLOSED') throw error
  context.report('warn', `cannot ${what} a segment yet`, { ...nameOf(segment), attempt, reason: reasonOf(error) })
  await pause(context.clock, backoffMs(attempt, context.limits))
}

function nameOf({ topic, segment }: SegmentKey): { readonly topic: string; readonly segment: number } {
  return { topic, segment }
}
