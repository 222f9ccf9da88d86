import type { NodeId, SegmentMetadata, TopicConfig, TopicMetadata } from './metadata/model.js'
import { firstSegment, lastSegment } from './segment.js'

/** A topic as STATE shows it. The first five fields are the original's, by name and meaning; the others are ours. */
export interface TopicStateView {
  readonly current_segment: number
  readonly leader_node: NodeId
  /** Entries in all sealed segments, trimmed ones too: the topic offset at which the current segment starts. */
  readonly last_sealed_entry_offset: number
  /** Segment → its exact entry count. Trimmed segments are gone. */
  readonly sealed_segments: Readonly<Record<string, number>>
  /** Segment → its leader, the current one too. */
  readonly segment_leaders: Readonly<Record<string, NodeId>>
  /** Topic offset of the oldest entry that retention left. */
  readonly first_offset: number
  readonly current_segment_state: SegmentMetadata['state']
  readonly current_segment_epoch: number
  readonly current_segment_replicas: readonly NodeId[]
  readonly config: TopicConfigView
}

/** A topic's config as STATE shows it. */
export interface TopicConfigView {
  readonly segment_entries_max: number
  readonly segment_bytes_max: number
  readonly segment_age_ms_max: number
  readonly retention_ms: number
  readonly retention_bytes: number
  readonly replication_factor: number
  readonly ack: TopicConfig['ack']
}

/** The topic as a plain object for `JSON.stringify`; segments ascend. */
export function viewTopicState(topic: TopicMetadata): TopicStateView {
  const current = lastSegment(topic)
  const sealed = topic.segments.filter((segment) => segment.state === 'sealed')
  return {
    current_segment: current.id,
    leader_node: current.leader,
    last_sealed_entry_offset: current.baseOffset,
    sealed_segments: bySegment(sealed, (segment) => segment.entryCount),
    segment_leaders: bySegment(topic.segments, (segment) => segment.leader),
    first_offset: firstSegment(topic).baseOffset,
    current_segment_state: current.state,
    current_segment_epoch: current.epoch,
    current_segment_replicas: current.replicas,
    config: viewConfig(topic.config),
  }
}

function viewConfig(config: TopicConfig): TopicConfigView {
  return {
    segment_entries_max: config.segmentEntriesMax,
    segment_bytes_max: config.segmentBytesMax,
    segment_age_ms_max: config.segmentAgeMsMax,
    retention_ms: config.retentionMs,
    retention_bytes: config.retentionBytes,
    replication_factor: config.replicationFactor,
    ack: config.ack,
  }
}

function bySegment(
  segments: readonly SegmentMetadata[],
  valueOf: (segment: SegmentMetadata) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(segments.map((segment) => [segment.id, valueOf(segment)]))
}
