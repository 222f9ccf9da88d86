import type { MetadataCommand, MetadataResult, NodeId } from '../metadata/model.js'
import type { Producer, SegmentKey } from './log-storage.js'

/**
 * Hears each step of the protocol that a node takes, in the order in which it takes them: what a checker needs to replay the
 * run against the model, and nothing of what the entries say. A node without one does no work for it.
 */
export interface EventTrace {
  /**
   * The step is done, and nobody else has heard of it yet: the event has to be out of this process's reach when this returns, so
   * that the trace of a process that dies lacks nothing that other nodes have acted on. Events are plain data. Must not throw.
   */
  record(event: ProtocolEvent): void
}

/** One step of one node. Positions count records of a segment's log, counts are entries or control batches; see ADR 9. */
export type ProtocolEvent = NodeEvent | MetadataEvent | LeaderEvent | CopyEvent | RecoveryEvent | CursorEvent

export type NodeEvent =
  /** A copy that was stored when the node started. Comes before `node-opened`. */
  | (SegmentKey & {
      readonly kind: 'copy-found'
      readonly createdEpoch: number
      readonly fencedEpoch: number
      readonly entryCount: number
      readonly controlCount: number
      readonly sealed: boolean
      /** Something of it is damaged: it answers nobody, and its counts mean nothing. */
      readonly damaged: boolean
    })
  /** The node has caught up with the metadata, as of `version`, and takes part from now on. */
  | { readonly kind: 'node-opened'; readonly version: number }
  /** The node has closed: nothing follows in this life of it. */
  | { readonly kind: 'node-closed' }

export type MetadataEvent =
  /** The command that leads to that version, and what became of it; the same on every node. */
  | {
      readonly kind: 'metadata-applied'
      readonly version: number
      readonly command: MetadataCommand
      readonly outcome: MetadataResult['outcome']
    }
  /** The node took a snapshot in place of the commands up to that version. */
  | { readonly kind: 'metadata-restored'; readonly version: number }

export type LeaderEvent =
  /** The segment's leader begins to write it, at the end of its own copy. */
  | (SegmentUnderEpoch & {
      readonly kind: 'segment-opened'
      readonly entryCount: number
      /** Cursor → topic offset of its next entry. */
      readonly cursors: Readonly<Record<string, number>>
    })
  /** A batch begins its way to the leader's disk and to the replicas. */
  | (SegmentUnderEpoch & {
      readonly kind: 'appended'
      readonly position: number
      /** 0 for a control batch, which is one record. */
      readonly entryCount: number
      /** What a control batch commits: cursor → topic offset of its next entry. */
      readonly cursors?: Readonly<Record<string, number>>
      /** Who numbers the entries one by one, and the number of the first. */
      readonly producer?: Producer
    })
  /** The leader's tickets up to that position are settled: what is before it is acknowledged, and readable. */
  | (SegmentUnderEpoch & { readonly kind: 'committed'; readonly position: number })
  /** Somebody is about to propose the segment's end: its leader, who recovers it, or an operator whatever that loses. */
  | (SegmentUnderEpoch & {
      readonly kind: 'seal-proposed'
      readonly by: 'leader' | 'recovery' | 'operator'
      readonly entryCount: number
      readonly controlCount: number
      readonly nextLeader: NodeId
    })

export type CopyEvent =
  /** A replica has taken records from the segment's leader, `position` to `end`; they are not on stable storage yet. */
  | (SegmentUnderEpoch & { readonly kind: 'taken'; readonly position: number; readonly end: number })
  /** What was written under that epoch is on this node's stable storage up to that position; on the leader, too. */
  | (SegmentUnderEpoch & { readonly kind: 'stored'; readonly position: number })
  /** This node refuses older epochs for good, and has so much on stable storage. */
  | (SegmentUnderEpoch & {
      readonly kind: 'fenced'
      /** The epoch under which the copy was created; 0 when there is none. */
      readonly createdEpoch: number
      readonly entryCount: number
      readonly controlCount: number
    })
  /** A node has taken records of a fenced or sealed segment from another copy; they are not on stable storage yet. */
  | (SegmentUnderEpoch & {
      readonly kind: 'fetched'
      readonly source: NodeId
      readonly position: number
      readonly end: number
    })
  /** What came from another copy is on stable storage up to that position. */
  | (SegmentUnderEpoch & { readonly kind: 'copied'; readonly position: number })
  /** The copy has given up what is behind the end of its sealed segment. */
  | (SegmentKey & { readonly kind: 'truncated'; readonly position: number })
  /** The copy is being removed: nothing in it counts any more. */
  | (SegmentKey & { readonly kind: 'removed' })

/** Enough replicas were heard: the segment ends at the end of the longest copy. */
export type RecoveryEvent = SegmentUnderEpoch & {
  readonly kind: 'recovery-decided'
  readonly reports: readonly {
    readonly node: NodeId
    readonly createdEpoch: number
    readonly entryCount: number
    readonly controlCount: number
  }[]
  readonly entryCount: number
  readonly controlCount: number
}

export type CursorEvent =
  /** Entries are given to readers, each once; the cursor has durably passed them. */
  | {
      readonly kind: 'delivered'
      readonly topic: string
      readonly cursor: string
      /** Topic offset of the first. */
      readonly offset: number
      readonly entryCount: number
    }
  /** Somebody wants the cursor elsewhere, also further back. */
  | { readonly kind: 'cursor-moved'; readonly topic: string; readonly cursor: string; readonly offset: number }

/** A segment, under the epoch of whoever writes, recovers or ends it. */
export interface SegmentUnderEpoch extends SegmentKey {
  readonly epoch: number
}
