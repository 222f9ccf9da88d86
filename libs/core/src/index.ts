export { assert, ERROR_CODES, reasonOf, WalrusError, type ErrorCode } from './errors.js'
export { EMPTY_TOPIC_STATE, SHARED_CURSOR, type TopicState } from './topic-state.js'
export type {
  ClusterMetadata,
  MetadataCommand,
  MetadataResult,
  NodeId,
  NodeMetadata,
  RejectionReason,
  SegmentMetadata,
  TopicConfig,
  TopicMetadata,
} from './metadata/model.js'
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
