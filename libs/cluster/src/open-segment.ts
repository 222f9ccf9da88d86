import type {
  CommitTicket,
  Producer,
  ReadLimits,
  SegmentCounts,
  SegmentKey,
  SegmentLog,
  SegmentMetadata,
  StoredEntry,
  TopicMetadata,
  TopicState,
  WalrusError,
} from '@walrus/core'
import type { HeldAppend } from './held-append.js'

/**
 * The open segment of a topic, as the node that leads it writes and reads it: over one log, or over a log and its copies on
 * other nodes. Committed means durable on the segment's ack quorum; nothing else is read or acknowledged.
 */
export interface OpenSegment extends SegmentKey {
  readonly baseOffset: number
  readonly epoch: number
  /** No append gets in any more. A log may come back sealed from a restart: then its rollover has to be finished. */
  readonly sealed: boolean
  /** No append gets in any more, and this node does not end it: it was told to stop, or found out that it has to. */
  readonly isStopped: boolean
  /** Entries including those whose commit is pending. */
  readonly appendedCount: number
  /** Entries that readers may see. Invariant: never shrinks. */
  readonly committedCount: number
  /** Bytes on this node's disk. */
  readonly sizeBytes: number
  /** Wall-clock milliseconds of the first append. */
  readonly createdMs: number
  /** Cursors and producers as committed. */
  readonly topicState: TopicState

  /**
   * Each append throws what `SegmentLog.append` throws, `UNAVAILABLE` when too much waits for the quorum, or what `stop` was
   * told; then nothing was appended. The ticket is settled when the quorum has it. It fails with `TIMED_OUT` after
   * `limits.requestTimeoutMs`: then the outcome is not known.
   */
  append(entry: Uint8Array): CommitTicket
  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket
  commitCursor(name: string, offset: number): CommitTicket

  /** As `SegmentLog.read`, of committed entries only. */
  read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]>
  /** Calls back when `committedCount` has grown, until the function that it returns is called. */
  onCommit(listener: () => void): () => void

  /** Resolves when nothing is in flight any more, whatever became of it. */
  drain(): Promise<void>
  /**
   * No append gets in from now on; resolves when all that was in flight is at the quorum and this node has recorded the end,
   * as far as it can. The counts are exact. Idempotent; may be tried again when it rejects.
   */
  seal(): Promise<SegmentEnd>
  /** Fenced, or not this node's for another reason: each append throws `reason` from now on. What is in flight stays so. */
  stop(reason: WalrusError): void
  /**
   * Metadata has sealed the segment with these counts, whoever asked for it: what is in flight before that end is committed,
   * what is behind it certainly is not stored: it goes to who listens for it, or fails with `NOT_LEADER`.
   */
  resolveSealed(counts: SegmentCounts): void
  /** Calls back once when the local disk has refused what copies may have: the segment must be fenced. */
  onFailure(listener: (reason: WalrusError) => void): void
  /** Calls back when `isStopped` becomes true. */
  onStop(listener: () => void): void
  /**
   * Calls back when metadata has sealed the segment before entries whose tickets are pending: resolves with those entries, in
   * order, to be appended elsewhere. Their tickets follow; of a batch with a producer, and of a cursor, they fail.
   */
  onDisplaced(listener: (appends: Promise<readonly HeldAppend[]>) => void): void
  /**
   * Calls back whenever a copy was found damaged, this node's or another one's: the segment is to be ended, since only a
   * sealed one is repaired.
   */
  onDamage(listener: () => void): void
}

/** Where a segment ends. */
export interface SegmentEnd extends SegmentCounts {
  /**
   * This node appends nothing more to the segment, whatever happens: also after a crash, when metadata still has it open. Only
   * then may the end be decided under the epoch under which the segment is written.
   */
  readonly isFinal: boolean
}

/** What replication does for the rest of a node. */
export interface Replication {
  /** The segment, which this node leads and others copy, over this node's copy `log`. */
  lead(segment: SegmentMetadata, log: SegmentLog): OpenSegment
  /**
   * Cursors and producers at the end of the segment before the topic's last one, from a whole copy, here or elsewhere. Rejects
   * with `UNAVAILABLE` or `TIMED_OUT` when none can be reached now, and with `CORRUPT_DATA`.
   */
  inheritState(topic: TopicMetadata): Promise<TopicState>
  /** Entries of this node's copy of an open segment that it knows to be committed; 0 when it knows nothing. */
  committedCount(key: SegmentKey): number
  /** Seals the topic's last segment with what can be reached, as an operator orders; says what that may lose. */
  forceSeal(topic: string): Promise<ForcedSeal>
  /** This node's copy was found damaged: it is replaced once the segment is sealed and another node has all of it. */
  renew(key: SegmentKey): void
  /** Resolves when nothing of it runs any more. */
  close(): Promise<void>
}

/** What a forced seal has done. */
export interface ForcedSeal extends SegmentKey {
  readonly entryCount: number
  /** Replicas that nobody heard: acknowledged entries that only they have are lost. */
  readonly unheardReplicas: readonly number[]
}
