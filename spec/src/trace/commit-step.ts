import { copyOn, segmentView } from './replay-state.js'
import type { Scene } from './scene.js'
import { broken, waits, type Refusal } from './verdict.js'

/**
 * The model's `learnConfirmed` and `settled`: tickets are settled up to what a quorum has on stable storage (committedPosition), or
 * to where metadata, as the leader has it, has ended the segment (`resolvedSealed`).
 */
export function committed(scene: Scene, epoch: number, position: number): Refusal | undefined {
  const { replay, node, segment } = scene
  const { writer, leader, createdEpoch, log, end } = segment
  if (leader !== node.id || writer?.life !== node.life || epoch !== createdEpoch) {
    return broken('SingleWriterPerSegment', 'it does not write this segment under this epoch in this life')
  }
  if (position > log.end) return broken('AckedForever', `it settles up to ${position}, and has appended ${log.end}`)
  if (end !== undefined && position > end) {
    return broken('NothingAckedUnderFencedEpoch', `it settles up to ${position}, and the segment ends at ${end}`)
  }
  const refusal = segmentView(replay, node, segment)?.state === 'sealed' ? undefined : lacksQuorum(scene, position)
  if (refusal === undefined) writer.committed = Math.max(writer.committed, position)
  return refusal
}

function lacksQuorum({ replay, node, segment }: Scene, position: number): Refusal | undefined {
  const { replicas, ackQuorum } = segment
  const own = copyOn(segment, node.id)?.stored ?? 0
  const durable = replicas.map((replica) => (replica === node.id ? own : (segment.copies.get(replica)?.told ?? 0)))
  if (replay.decisions.committedPosition(durable, ackQuorum) >= position) return undefined
  const whole = durable.filter((one) => one >= position).length
  return waits(
    `AckedForever: ${whole} of ${replicas.length} disks have the ${position} records that it settles, its quorum is ${ackQuorum}`,
  )
}
