export { assert, ERROR_CODES, NotAskedError, reasonOf, WalrusError, type ErrorCode } from './errors.js'

export { TOPIC_NAME_BYTES_MAX, topicNameFault } from './topic-name.js'
export { DEFAULT_TOPIC_CONFIG } from './topic-config.js'
export { EMPTY_TOPIC_STATE, PRODUCERS_MAX, SHARED_CURSOR, recordProducer, type TopicState } from './topic-state.js'
export { isTakeMark, noTakeMark, takeMark, TAKE_SLOTS, takenRange, type Take, type TakenRange } from './take-mark.js'
export { viewTopicState, type TopicConfigView, type TopicStateView } from './state-view.js'

export { formatSegmentKey, parseSegmentKey } from './segment-key.js'
export {
  endOffset,
  endPosition,
  firstSegment,
  isOfTopic,
  lastSegment,
  segmentAtOffset,
  segmentById,
  type SegmentCounts,
  type SegmentPlacement,
} from './segment.js'
export { cursorOf, nextRead, offsetOf, type Cursor, type ReadPosition } from './cursor.js'
export { decideLease, leaseHeld, type Lease, type LeaseDecision, type LeaseQuestion } from './lease.js'
export {
  decideRollover,
  type RolloverDecision,
  type RolloverReason,
  type SegmentLimits,
  type TailStatus,
} from './rollover.js'
export { decideTrim, type RetentionLimits, type SealedSize } from './retention.js'
export { ackQuorum, majority, recoveryQuorum } from './ack-quorum.js'
export { liveNodes, quorumContactMs, type Contacts } from './liveness.js'
export { placeFirstSegment, placeNextSegment, type Placement, type PlacementView } from './placement.js'
export {
  committedPosition,
  decideRecovery,
  decideReplicate,
  longestCopy,
  wholeCopies,
  type CopyReport,
  type RecoveryDecision,
  type ReplicaDecision,
} from './replication.js'

export { decideCopy, type CopyVerdict, type StoredCopy } from './copy-verdict.js'
export { planReplacement, type Replacement, type ReplacementView } from './replacement.js'

export type {
  AckPolicy,
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
export { parseCommand, parseTopicConfig, parseTopicConfigChange, REPLICATION_FACTOR_MAX } from './metadata/shapes.js'
export { integer, list, oneOf, optional, record, text, type Parsed, type Parser } from './metadata/parse.js'
export { stateFault } from './metadata/invariants.js'
export {
  decodeCommand,
  decodeState,
  ENCODED_COMMAND_BYTES_MAX,
  encodeCommand,
  encodeState,
  encodeStateInPieces,
  type Decoded,
} from './metadata/encoding.js'

export type { BlockFile, BlockFileDirectory, BlockFileSupport } from './ports/block-file.js'
export type { Checksum } from './ports/checksum.js'
export type { Clock, Timer } from './ports/clock.js'
export type {
  CopyEvent,
  CursorEvent,
  EventTrace,
  LeaderEvent,
  MetadataEvent,
  NodeEvent,
  ProtocolEvent,
  RecoveryEvent,
  SegmentUnderEpoch,
} from './ports/event-trace.js'
export type {
  CommitTicket,
  EncodedBatch,
  LogStorage,
  NewSegment,
  Producer,
  ReadLimits,
  SealOptions,
  SegmentKey,
  SegmentLog,
  StoredEntry,
} from './ports/log-storage.js'
export type { ConsensusStatus, MetadataLog } from './ports/metadata-log.js'
export type { PeerMessaging } from './ports/peer-messaging.js'
