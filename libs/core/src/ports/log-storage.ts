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

/** One batch as it stands in a segment's log: the same bytes on disk, on the wire and in every copy. */
export interface EncodedBatch {
  /** Records before it: the log position at which it begins. */
  readonly position: number
  /** Its entries; 0 for a control batch, which is one record. */
  readonly entryCount: number
  /** Index in the segment of its first entry, or of the next one for a control batch. */
  readonly firstIndex: number
  /** Header and payload (spec/batch-format.md), a view; the bytes behind it do not change until the batch is committed. */
  readonly bytes: Uint8Array
}

/** Who appended a batch, so that it is stored once however often it comes. */
export interface Producer {
  /** From 1. */
  readonly id: number
  /** Sequence of the batch's first entry; the others follow one by one. From 0. */
  readonly sequence: number
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
 *
 * The log is a row of records: each entry is one, and each control batch (a commit of cursors). A position counts the records
 * before it. What the engine writes for itself (a run's snapshot of the topic's state, an epoch) is no record, so a copy has
 * the same positions whatever its runs.
 */
export interface SegmentLog extends SegmentKey {
  readonly baseOffset: number
  /** The epoch under which the segment was created; batches that are appended here carry it. */
  readonly epoch: number
  /** The newest epoch that this copy has durably seen: `epoch`, or what it was fenced with. */
  readonly fencedEpoch: number
  /** Records that are committed. */
  readonly position: number
  readonly sealed: boolean
  /**
   * Index from which on entries are damaged, as far as that was found when the storage was opened: reads of them reject with
   * `CORRUPT_DATA`, and so does what is appended. Undefined for a segment of which nothing was found damaged.
   */
  readonly damagedFrom: number | undefined
  /** Entries that are committed, and so may be read. Invariant: shrinks by `truncateTail` only. */
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

  /**
   * Cursors and producers as they stood at the position: the beginning or end of a committed batch, else `INVALID_ARGUMENT`. At 0
   * it is what the segment was created with. Damage rejects with `CORRUPT_DATA`.
   */
  stateAt(position: number): Promise<TopicState>

  /** Copies the entry into the open batch. Throws `SEGMENT_SEALED`, `ENTRY_TOO_LARGE` or `STORAGE_CLOSED` and changes nothing. */
  append(entry: Uint8Array): CommitTicket

  /**
   * As `append`, all or nothing for readers and for recovery. An empty list resolves with the batch that is open. With a
   * producer, the batch is one of its own, and `topicState.producers` has its last sequence when it is committed; an id or a
   * sequence that is no whole number from 1, or from 0, throws `INVALID_ARGUMENT`.
   */
  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket

  /**
   * Appends a batch of another copy of this segment, bytes unchanged (copied before it returns). It must be the next one:
   * throws `INVALID_ARGUMENT` when it begins elsewhere than at the end of what was appended, `CORRUPT_DATA` when a checksum
   * or a number in it is wrong, and else what `append` throws.
   */
  appendEncoded(batch: Uint8Array): CommitTicket

  /** Calls back with each batch when its commit begins, in the order of the log, until the function it returns is called. */
  onBatch(listener: (batch: EncodedBatch) => void): () => void

  /**
   * Committed batches from the one at `fromPosition` on (which must be the beginning of a batch, else `INVALID_ARGUMENT`):
   * at least one if there is one, then while `maxBytes` holds. Empty: that is the end. Damage rejects with `CORRUPT_DATA`.
   */
  readBatches(fromPosition: number, maxBytes: number): Promise<readonly EncodedBatch[]>

  /**
   * This copy has seen `epoch`, a whole number below 2^32; durable when it resolves, also when the segment is empty or sealed.
   * Never goes back: less is fine.
   */
  fence(epoch: number): Promise<void>

  /**
   * Gives up the records behind `position`, the beginning or end of a batch, which nobody was promised; durable when it
   * resolves, and all or nothing in a crash. What is in flight is settled first; until it resolves, `append` throws
   * `UNAVAILABLE`. Rejects with `INVALID_ARGUMENT` when the position is beyond the end or within a batch, and with
   * `SEGMENT_SEALED` when the segment is sealed.
   */
  truncateTail(position: number): Promise<void>

  /**
   * Records that the cursor's next entry is `offset` (topic offset). Several of one commit are coalesced, the last one of a name
   * wins, and are one batch: those of one turn of the event loop are committed all or none.
   */
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
   * stable storage. Idempotent; may be tried again when it rejects. A damaged segment rejects with `CORRUPT_DATA`, unless
   * `atDamage` gives up what is lost: then it ends behind all of which a trace is left, and only the segment that
   * starts there records it.
   * @param options.atDamage its end is this index at least: of entries that left no trace nobody else can know
   * @param options.durable when false, the end reaches stable storage as appends do under the fsync schedule, no later than
   * entries of the next segment
   */
  seal(options?: SealOptions): Promise<void>
}

/** How a segment is sealed. */
export interface SealOptions {
  /** Default true. */
  readonly durable?: boolean
  /** Default: a damaged segment is not sealed. */
  readonly atDamage?: { readonly entryCountMin: number }
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
  /** The log's position behind the batch once it is committed; 0 before. Of `commitCursor`: behind its control batch. */
  readonly endPosition: number
  readonly state: 'pending' | 'committed' | 'failed'
  /** Why, when `state` is failed. */
  readonly error: Error | undefined
  /** Calls back once, when the state is no longer pending; at once if it is not. Listeners run in the order they were added. */
  onSettled(listener: (ticket: CommitTicket) => void): void
  /** Resolves when committed, rejects with `error` when failed. */
  done(): Promise<void>
}
