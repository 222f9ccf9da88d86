import { endPosition, type LeaderEvent, type SegmentCounts } from '@walrus/core'
import { segmentView, type ReplayedSeal } from './replay-state.js'
import type { Scene } from './scene.js'
import { broken, waits, type Refusal } from './verdict.js'

type SealProposed = Extract<LeaderEvent, { readonly kind: 'seal-proposed' }>

/** The model's `rollOver` (gate, drain, count), and the end of `recover`. */
export function sealProposed(scene: Scene, event: SealProposed): Refusal | undefined {
  const { epoch, entryCount, controlCount, nextLeader } = event
  const refusal = countFault(scene, event) ?? mayPropose(scene, event)
  if (refusal !== undefined) return refusal
  const seal: ReplayedSeal = { epoch, entryCount, controlCount, nextLeader }
  scene.segment.seals.push(seal)
  return undefined
}

function mayPropose(scene: Scene, event: SealProposed): Refusal | undefined {
  switch (event.by) {
    case 'leader':
      return byLeader(scene, event)
    case 'recovery':
      return byRecovery(scene, event)
    case 'operator':
      return broken('RULES', 'an operator orders it whatever that loses, and the model has no such step')
  }
}

function countFault({ segment: { log } }: Scene, counts: SegmentCounts): Refusal | undefined {
  const end = endPosition(counts)
  if (end > log.end) return waits(`its leader has appended ${log.end} of its ${end} records so far`)
  const entries = log.entriesBefore(end)
  if (entries === counts.entryCount) return undefined
  const there = entries === undefined ? 'no batch ends there' : `the log has ${entries} entries there`
  return broken('SealedCountsStable', `${counts.entryCount} entries in ${end} records, but ${there}`)
}

/** The gate stays closed from now on; what is in flight is settled, so that the count is exact. */
function byLeader({ replay, node, segment }: Scene, event: SealProposed): Refusal | undefined {
  const { leader, writer, log, createdEpoch, replicas } = segment
  if (leader !== node.id || writer?.life !== node.life) {
    return broken('SingleWriterPerSegment', 'it does not write this segment in this life')
  }
  const end = endPosition(event)
  if (end !== log.end) return broken('countsTheLog', `it ends the segment at ${end}, and has appended ${log.end}`)
  if (writer.committed !== end) {
    return broken('drainsBeforeCount', `it ends the segment at ${end}, and has settled ${writer.committed}`)
  }
  // An end that is not on the disk of an only copy is decided under the epoch of a fence.
  const isFenced = replicas.length === 1 && segmentView(replay, node, segment)?.epoch === event.epoch
  if (event.epoch !== createdEpoch && !isFenced) {
    return broken('SingleWriterPerSegment', `it writes this segment under epoch ${createdEpoch}`)
  }
  writer.over = `its end is proposed at ${end}`
  return undefined
}

function byRecovery({ node, segment }: Scene, event: SealProposed): Refusal | undefined {
  const { epoch, entryCount, controlCount } = event
  const isDecided = segment.recoveries.some(
    (one) =>
      one.node === node.id && one.epoch === epoch && one.entryCount === entryCount && one.controlCount === controlCount,
  )
  if (!isDecided) return broken('decideRecovery', `it has decided no such end under epoch ${epoch}`)
  const end = endPosition(event)
  const whole = [...segment.copies.values()].filter(({ held }) => held >= end).length
  if (end === 0 || whole >= segment.ackQuorum) return undefined
  return waits(`copiesBeforeSeal: ${whole} nodes have all of its ${end} records, its quorum is ${segment.ackQuorum}`)
}
