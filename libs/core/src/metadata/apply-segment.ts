import {
  endOffset,
  fenceSegment as fence,
  firstSegment,
  lastSegment,
  nextSegment,
  sealSegment,
  segmentById,
} from '../segment.js'
import type { ClusterMetadata, SegmentMetadata, TopicMetadata } from './model.js'
import {
  type Applied,
  applied,
  type CommandOf,
  placementRejection,
  rejected,
  type Rejection,
  rejection,
  unchanged,
  unknownTopic,
  withTopic,
} from './outcome.js'

export function sealAndRoll(state: ClusterMetadata, command: CommandOf<'SealAndRoll'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  const segment = segmentById(topic, command.segment)
  if (segment?.state === 'sealed') return repeatedSeal(state, topic, segment, command)
  const placement = { leader: command.nextLeader, replicas: command.nextReplicas }
  const result = lastSegmentRejection(topic, command) ?? placementRejection(state, placement.leader, placement.replicas)
  if (result !== undefined) return { state, result }
  const sealed = sealSegment(lastSegment(topic), command.entryCount)
  if (!Number.isSafeInteger(endOffset(sealed))) {
    return rejected(state, 'invalid-command', `offsets would exceed ${Number.MAX_SAFE_INTEGER}`)
  }
  return applied(withTopic(state, withLast(topic, sealed, nextSegment(sealed, placement))))
}

/**
 * A recovering segment may be fenced again: a second coordinator takes over, and the seal of the first one is stale.
 * So a command one epoch behind a recovering segment is this fence, repeated, or as good as it.
 */
export function fenceSegment(state: ClusterMetadata, command: CommandOf<'FenceSegment'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  const segment = segmentById(topic, command.segment)
  if (segment?.state === 'recovering' && segment.epoch === command.epoch + 1) return unchanged(state)
  const result = lastSegmentRejection(topic, command)
  if (result !== undefined) return { state, result }
  return applied(withTopic(state, withLast(topic, fence(lastSegment(topic)))))
}

export function trimTopic(state: ClusterMetadata, command: CommandOf<'TrimTopic'>): Applied {
  const topic = state.topics.get(command.topic)
  if (topic === undefined) return unknownTopic(state, command.topic)
  if (command.upToSegment < firstSegment(topic).id) return unchanged(state)
  const segment = segmentById(topic, command.upToSegment)
  const result = trimRejection(segment, command)
  if (result !== undefined) return { state, result }
  const segments = topic.segments.filter((one) => one.id > command.upToSegment)
  return applied(withTopic(state, { ...topic, segments }))
}

/** The compare of the compare-and-set: the command means the last segment, as it is. */
function lastSegmentRejection(
  topic: TopicMetadata,
  expected: { readonly segment: number; readonly epoch: number },
): Rejection | undefined {
  const last = lastSegment(topic)
  if (expected.segment > last.id) return rejection('unknown-segment', `segment ${expected.segment} does not exist`)
  if (expected.segment < last.id) return rejection('stale-segment', `segment ${expected.segment} is sealed`)
  return epochRejection(last, expected.epoch)
}

function epochRejection(segment: SegmentMetadata, epoch: number): Rejection | undefined {
  if (segment.epoch === epoch) return undefined
  return rejection('stale-epoch', `segment ${segment.id} is at epoch ${segment.epoch}, not ${epoch}`)
}

function trimRejection(segment: SegmentMetadata | undefined, command: CommandOf<'TrimTopic'>): Rejection | undefined {
  if (segment === undefined) return rejection('unknown-segment', `segment ${command.upToSegment} does not exist`)
  if (segment.state !== 'sealed') return rejection('segment-open', `segment ${segment.id} is ${segment.state}`)
  return epochRejection(segment, command.epoch)
}

/** The same seal again did no harm; another one comes too late, because a sealed segment never changes. */
function repeatedSeal(
  state: ClusterMetadata,
  topic: TopicMetadata,
  sealed: SegmentMetadata,
  command: CommandOf<'SealAndRoll'>,
): Applied {
  const result = epochRejection(sealed, command.epoch)
  if (result !== undefined) return { state, result }
  if (sealed.entryCount !== command.entryCount) {
    const detail = `segment ${sealed.id} was sealed at ${sealed.entryCount} entries, not ${command.entryCount}`
    return rejected(state, 'count-mismatch', detail)
  }
  if (rolledTo(segmentById(topic, sealed.id + 1), command)) return unchanged(state)
  return rejected(state, 'stale-segment', `segment ${sealed.id} was sealed and rolled to other nodes`)
}

function rolledTo(next: SegmentMetadata | undefined, command: CommandOf<'SealAndRoll'>): boolean {
  if (next?.leader !== command.nextLeader || next.replicas.length !== command.nextReplicas.length) return false
  return next.replicas.every((id, index) => id === command.nextReplicas[index])
}

function withLast(topic: TopicMetadata, ...segments: readonly SegmentMetadata[]): TopicMetadata {
  return { ...topic, segments: [...topic.segments.slice(0, -1), ...segments] }
}
