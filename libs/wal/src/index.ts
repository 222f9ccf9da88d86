export {
  BATCH_ENTRIES_MAX,
  Walrus,
  type BatchReadOptions,
  type CheckpointOptions,
  type WalrusOptions,
} from './walrus.js'
export type { AppendedBatch } from './topic.js'
export type { ReadConsistency } from './consistency.js'
export { openLogStorage, type LogStorageOptions, type SegmentStore } from './log/segment-store.js'
export { ENTRY_BYTES_MAX } from './log/stored-segment.js'
export type { FsyncSchedule } from './commit/fsync-schedule.js'
