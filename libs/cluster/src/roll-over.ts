import {
  decideRollover,
  formatSegmentKey,
  lastSegment,
  placeNextSegment,
  reasonOf,
  WalrusError,
  type MetadataCommand,
  type SegmentLimits,
  type SegmentLog,
  type TailStatus,
} from '@walrus/core'
import type { NodeContext } from './node-context.js'
import { backoffMs, pause } from './pause.js'

/** `kept`: the segment is not full after all. `rolled`: metadata has sealed it, and names the next one. */
export type RolloverOutcome = 'kept' | 'rolled'

/**
 * Ends the open segment that no append gets into any more: what is in flight is settled, so the count is exact; storage
 * records the end; metadata is asked until its answer is known. Each step may be repeated, and a crash between two of them
 * is finished by the next start. Rejects when the segment can neither go on nor be ended here.
 */
export async function rollOver(context: NodeContext, log: SegmentLog, limits: SegmentLimits): Promise<RolloverOutcome> {
  const startMs = context.clock.monotonicMs()
  await log.drain()
  const tail = tailStatus(log, { drained: true, wallMs: context.clock.wallMs() })
  if (!log.sealed && decideRollover(tail, limits).kind !== 'seal') return 'kept'
  await untilDone(context, log, 'record the end of', () => log.seal())
  await proposeSeal(context, log)
  const pauseMs = Math.round(context.clock.monotonicMs() - startMs)
  context.report('debug', 'segment sealed', { ...nameOf(log), entryCount: log.entryCount, pauseMs })
  return 'rolled'
}

/** The open segment as the rollover decision sees it. A single voter is its own quorum, so its lease never runs out. */
export function tailStatus(log: SegmentLog, { drained, wallMs }: { drained: boolean; wallMs: number }): TailStatus {
  const entryCount = drained ? log.entryCount : log.appendedCount
  return { leaseHeld: true, drained, entryCount, sizeBytes: log.sizeBytes, ageMs: wallMs - log.createdMs }
}

async function proposeSeal(context: NodeContext, log: SegmentLog): Promise<void> {
  // One command for all attempts: a second one that names another leader would contradict the first, if that was applied.
  const command = await untilDone(context, log, 'place what follows', async () => sealAndRoll(context, log))
  const result = await untilDone(context, log, 'seal', () => context.metadata.propose(command))
  if (result.outcome === 'rejected') {
    throw new WalrusError('UNAVAILABLE', `Cannot seal segment "${formatSegmentKey(log)}": ${result.detail}`)
  }
}

function sealAndRoll({ metadata, nodeId }: NodeContext, log: SegmentLog): MetadataCommand {
  const { state } = metadata
  const topic = state.topics.get(log.topic)
  const live = new Set([nodeId])
  const placement =
    topic && placeNextSegment({ nodes: state.nodes, live }, lastSegment(topic).leader, topic.config.replicationFactor)
  if (placement === undefined) {
    throw new WalrusError(
      'UNAVAILABLE',
      `Cannot seal segment "${formatSegmentKey(log)}": no live voter can lead the next one`,
    )
  }
  const { topic: name, segment, epoch, entryCount, position } = log
  const counts = { entryCount, controlCount: position - entryCount }
  const next = { nextLeader: placement.leader, nextReplicas: placement.replicas }
  return { kind: 'SealAndRoll', topic: name, segment, epoch, ...counts, ...next }
}

/** Tries again until it succeeds: what failed may have been done. Only a closed storage ends it, and with it this node. */
async function untilDone<Value>(
  context: NodeContext,
  log: SegmentLog,
  what: string,
  step: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      if (error instanceof WalrusError && error.code === 'STORAGE_CLOSED') throw error
      context.report('warn', `cannot ${what} a segment yet`, { ...nameOf(log), attempt, reason: reasonOf(error) })
      await pause(context.clock, backoffMs(attempt, context.limits))
    }
  }
}

function nameOf(log: SegmentLog): { readonly topic: string; readonly segment: number } {
  return { topic: log.topic, segment: log.segment }
}
