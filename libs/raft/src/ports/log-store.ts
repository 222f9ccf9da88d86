import { type LogReader } from '../core/log-reader.js'
import { type StorageAppend } from '../core/ready.js'
import { type EntryId, type LogIndex, type Snapshot } from '../core/types.js'

/** One write, whole or not at all: see `StorageAppend` for what each part replaces. */
export type LogWrite = Pick<StorageAppend, 'hardState' | 'snapshot' | 'entries' | 'mustSync'>

/**
 * Where one member keeps its hard state, its log and its newest snapshot. It belongs to one node and one process at a time.
 *
 * Empty means: no hard state, no members, `firstIndex()` 1, `lastIndex()` 0, no snapshot.
 *
 * Concurrency: one `write` or `saveSnapshot` at a time; the caller waits for it before the next. Reading is possible at any
 * time, at once, and shows what was written when the last of them resolved, nothing of one that is under way or failed.
 *
 * Failures: after a rejected `write` or `saveSnapshot` what is stored is not known. The store is poisoned: everything after
 * that rejects with the same error until it is opened again. Whatever is found damaged or missing when it is opened, or read
 * later, is an error; nothing is repaired or skipped in silence.
 */
export interface LogStore extends Omit<LogReader, 'snapshot'> {
  /** The place of the newest snapshot, at or after `firstIndex() - 1`; 0/0 when there is none. */
  snapshotId(): EntryId

  /** The newest snapshot with its data; null when there is none. */
  loadSnapshot(): Promise<Snapshot | null>

  /**
   * Performs the write atomically: after a crash all of it is there or nothing. Durable when it resolves, if `mustSync`;
   * otherwise at the latest with the next write that is.
   *
   * The snapshot, if there is one, replaces the log; one that is not newer than what is stored changes nothing. Then the
   * entries replace whatever stands at their indexes and after; those that the log has compacted are skipped. Then the hard
   * state: a commit index never decreases, neither below what is stored nor below the snapshot.
   */
  write(write: LogWrite): Promise<void>

  /**
   * Keeps a snapshot of the state machine, and drops the entries up to `compactIndex`, atomically and durably. `compactIndex`
   * is at most the snapshot's index, and that at most the commit index. A snapshot that is not newer than the stored one
   * changes nothing.
   */
  saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): Promise<void>

  /** Waits for what is under way and releases the files. Idempotent. */
  close(): Promise<void>
}
