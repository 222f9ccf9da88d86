import { lastSegment, segmentById, stateFault } from '@walrus/core'
import { newest, type Replay, type ReplayedSegment } from './replay-state.js'

/** What must be true when all was replayed: what was settled is on as many disks as its quorum. */
export function finalFault(replay: Replay): readonly string[] | undefined {
  const fault = stateFault(newest(replay))
  const faults = fault === undefined ? [] : [`At the end, DomainConsistency: ${fault}`]
  for (const [name, topics] of replay.topics) {
    const metadata = newest(replay).topics.get(name)
    const topic = topics.at(-1)
    // A topic that was deleted, with another one of its name or without.
    if (metadata === undefined || topic === undefined || topic.firstEpoch > lastSegment(metadata).epoch) continue
    for (const segment of topic.segments.values()) {
      const replicas = segmentById(metadata, segment.id)?.replicas
      const loss = replicas && lossIn(segment, replicas)
      if (loss !== undefined) faults.push(`At the end, AckedForever: segment ${segment.id} of "${name}" ${loss}`)
    }
  }
  return faults.length === 0 ? undefined : faults
}

function lossIn(segment: ReplayedSegment, replicas: readonly number[]): string | undefined {
  const { copies, ackQuorum, writer, end } = segment
  const settled = end ?? writer?.committed ?? 0
  const parts = replicas.map((node) => copies.get(node))
  // A damaged copy is being replaced by one that is whole elsewhere.
  if (settled === 0 || parts.some((copy) => copy?.isRemoved)) return undefined
  const whole = parts.filter((copy) => (copy?.stored ?? 0) >= settled).length
  const quorum = Math.min(ackQuorum, replicas.length)
  return whole >= quorum ? undefined : `has ${settled} records that count, and ${whole} disks have them`
}
