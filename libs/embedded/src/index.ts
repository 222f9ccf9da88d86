import type { Walrus as Engine } from '@walrus/wal'
import { openWalrus } from './open-walrus.js'

/** An instance of the storage engine. */
export type Walrus = Engine

/** `await Walrus.open({ path: 'data' })`, or `{ key: 'payments' }`, or nothing at all. */
export const Walrus = { open: openWalrus } as const

export type { WalrusOptions } from './open-walrus.js'
export { folderOfKey, instanceFolder, type InstanceName } from './instance-folder.js'
export {
  openBackend,
  resolveBackend,
  STORAGE_CHOICES,
  type OpenBackend,
  type StorageBackend,
  type StorageChoice,
} from './storage-backend.js'
export type {
  AppendedBatch,
  AppendOptions,
  BatchReadOptions,
  CheckpointOptions,
  CursorCommit,
  FsyncSchedule,
  ReadConsistency,
  RetentionPolicy,
  SeekTarget,
  Statistics,
  TailOptions,
  TopicCursor,
} from '@walrus/wal'
