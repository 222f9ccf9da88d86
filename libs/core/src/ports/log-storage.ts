import type { TopicState } from '../topic-state.js'

/** Names one segment of one topic; in storage and in messages it reads `t_<topic>_s_<segment>`. */
export interface SegmentKey {
  readonly topic: string
  /** From 1. */
  readonly segment: number
}

/** What a new segment starts with. */
export interface NewSegment extends SegmentKey {
  /** Topic offset of the segment's first entry. */
  readonly baseOffset: number
  /** Fencing number under which this segment is written. */
  readonly epoch: number
  /** Cursors and producers as they stood at the end of the segment before; the first record of the new one. */
  readonly topicState: TopicState
  /** About how large it will get on disk; a storage takes space in proportion. Where it is absent, anything may come. */
  readonly expectedBytes?: number
}

/**
 * The segments that live on this node. One instance owns one data directory.
 * Two logs of one key never exist; all methods may be called at any time from one thread.
 */
export interface LogStorage {
  /** Every segment that is stored here, in no order. */
  segments(): Iterable<SegmentLog>
  segment(key: SegmentKey): SegmentLog | undefined
  /** Adds an empty segment. Nothing is on disk before its first commit. Throws `INVALID_ARGUMENT` if the key exists. */
  create(segment: NewSegment): SegmentLog
  /** Forgets the segment and frees its space; durable when it resolves. An unknown key is fine. */
  remove(key: SegmentKey): Promise<void>
  /** Commits what is pending, syncs, and releases everything. Idempotent. */
  close(): Promise<void>
}

/**
 * The log of one segment. Entries have an index from 0; index + baseOffset is the topic offset.
 *
 * Appends join the batch that is open now; all batches of all segments that are open while a commit is under way go into
 * the next one. Offsets are given out in call order. If a commit fails, its entries and all that were appended to the same
 * segment since are rejected and leave no hole: the next append gets the first rejected offset.
 */
export interface SegmentLog extends SegmentKey {
  readonly baseOffset: number
  readonly epoch: number
  readonly sealed: boolean
  /** Entries that are committed, and so may be read. Invariant: never shrinks. */
  readonly entryCount: number
  /** Entries including those whose commit is pending. */
  readonly appendedCount: number
  /** Bytes on disk including framing and control batches. */
  readonly sizeBytes: number
  /** Wall-clock milliseconds of the first append. */
  readonly createdMs: number
  /** Wall-clock milliseconds of the newest committed batch; `createdMs` while there is none. */
  readonly lastAppendMs: number
  /** Cursors and producers as committed. */
  readonly topicState: TopicState

  /** Copies the entry into the open batch. Throws `SEGMENT_SEALED`, `ENTRY_TOO_LARGE` or `STORAGE_CLOSED` and changes nothing. */
  append(entry: Uint8Array): CommitTicket

  /** As `append`, all or nothing for readers and for recovery. An empty list resolves with the batch that is open. */
  appendBatch(entries: readonly Uint8Array[]): CommitTicket

  /** Records that the cursor's next entry is `offset` (topic offset). Several of one commit are coalesced: the last one wins. */
  commitCursor(name: string, offset: number): CommitTicket

  /**
   * Committed entries from `fromIndex` on: at least one if there is one, then while both limits hold (bytes are payload bytes).
   * Empty: `fromIndex` is the end. Damage rejects with `CORRUPT_DATA` naming file, offset, topic and segment.
   */
  read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]>

  /** Index of the first committed entry whose batch was opened at that time or later; `entryCount` if there is none. */
  indexAtTime(timestampMs: number): Promise<number>

  /** Calls back after each commit that added entries, until the function that it returns is called. */
  onCommit(listener: () => void): () => void

  /** Resolves when nothing is in flight any more, whatever became of it. */
  drain(): Promise<void>

  /**
   * No append is accepted from now on; resolves when what was in flight is settled and the end is recorded, all of it on
   * stable storage. Idempotent; may be tried again when it rejects.
   * @param options.durable when false, the end reaches stable storage as appends do under the fsync schedule, no later than
   * entries of the next segment
   */
  seal(options?: { readonly durable?: boolean }): Promise<void>
}

export interface ReadLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

export interface StoredEntry {
  /** Topic offset. */
  readonly offset: number
  /** Wall-clock milliseconds at which its batch was opened. */
  readonly timestampMs: number
  /** A view; the bytes behind it do not change. */
  readonly data: Uint8Array
}

/**
 * What becomes of one batch. Many appends share it: read `lastOffset` right after your own append for its offset.
 */
export interface CommitTicket {
  readonly firstOffset: number
  /** Topic offset of the last entry so far; firstOffset − 1 for a batch of control records only. */
  readonly lastOffset: number
  readonly state: 'pending' | 'committed' | 'failed'
  /** Why, when `state` is failed. */
  readonly error: Error | undefined
  /** Calls back once, when the state is no longer pending; at once if it is not. Listeners run in the order they were added. */
  onSettled(listener: (ticket: CommitTicket) => void): void
  /** Resolves when committed, rejects with `error` when failed. */
  done(): Promise<void>
}
