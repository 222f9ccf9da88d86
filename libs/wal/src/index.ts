export { Walrus, type Statistics } from './walrus.js'
export {
  BATCH_ENTRIES_MAX,
  type AppendOptions,
  type BatchReadOptions,
  type CheckpointOptions,
  type WalrusOptions,
} from './walrus-options.js'
export type { AppendedBatch, GivenUp } from './topic.js'
export type { CursorCommit, SeekTarget, TopicCursor } from './topic-cursor.js'
export type { ReadConsistency } from './consistency.js'
export type { RetentionPolicy } from './retention.js'
export type { TailOptions } from './tail.js'
export {
  openLogStorage,
  type LogStorageOptions,
  type SegmentStore,
  type StorageStatistics,
} from './log/segment-store.js'
export { ENTRY_BYTES_MAX } from './log/stored-segment.js'
export type { FsyncSchedule } from './commit/fsync-schedule.js'
export {
  LogInspector,
  type LogInspectorOptions,
  type VerifyListener,
  type VerifySummary,
} from './inspect/log-inspector.js'
export type { DamageKind, Finding, FindingPlace, NoteKind } from './inspect/finding.js'
export type { FileView } from './inspect/inspected-files.js'
export type { BatchView, CursorView, RunView, SegmentView, TopicView } from './inspect/views.js'
