export { assert, ERROR_CODES, reasonOf, WalrusError, type ErrorCode } from './errors.js'

export { TOPIC_NAME_BYTES_MAX, topicNameFault } from './topic-name.js'
export { DEFAULT_TOPIC_CONFIG } from './topic-config.js'
export { EMPTY_TOPIC_STATE, SHARED_CURSOR, type TopicState } from './topic-state.js'
export { viewTopicState, type TopicConfigView, type TopicStateView } from './state-view.js'

export { formatSegmentKey, parseSegmentKey } from './segment-key.js'
export { endOffset, firstSegment, lastSegment, segmentAtOffset, segmentById, type SegmentPlacement } from './segment.js'
export { cursorOf, nextRead, offsetOf, type Cursor, type ReadPosition } from './cursor.js'
export { decideLease, leaseHeld, type Lease, type LeaseDecision, type LeaseQuestion } from './lease.js'
export {
  decideRollover,
  type RolloverDecision,
  type RolloverReason,
  type SegmentLimits,
  type TailStatus,
} from './rollover.js'
export { ackQuorum, placeFirstSegment, placeNextSegment, type Placement, type PlacementView } from './placement.js'

export type {
  ClusterMetadata,
  MetadataCommand,
  MetadataResult,
  NodeId,
  NodeMetadata,
  RejectionReason,
  RemovedNode,
  SegmentMetadata,
  TopicConfig,
  TopicMetadata,
} from './metadata/model.js'
export { applyCommand, EMPTY_METADATA } from './metadata/apply.js'
export type { Applied } from './metadata/outcome.js'
export { parseCommand, REPLICATION_FACTOR_MAX } from './metadata/shapes.js'
export type { Parsed } from './metadata/parse.js'
export { stateFault } from './metadata/invariants.js'
export {
  decodeCommand,
  decodeState,
  ENCODED_COMMAND_BYTES_MAX,
  encodeCommand,
  encodeState,
  type Decoded,
} from './metadata/encoding.js'

export type { BlockFile, BlockFileDirectory, BlockFileSupport } from './ports/block-file.js'
export type { Checksum } from './ports/checksum.js'
export type { Clock, Timer } from './ports/clock.js'
export type {
  CommitTicket,
  LogStorage,
  NewSegment,
  ReadLimits,
  SegmentKey,
  SegmentLog,
  StoredEntry,
} from './ports/log-storage.js'
export type { ConsensusStatus, MetadataLog } from './ports/metadata-log.js'
