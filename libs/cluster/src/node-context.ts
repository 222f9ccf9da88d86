import type { Clock, LogStorage, MetadataLog, NodeId, SegmentLimits } from '@walrus/core'

/** What a node's use cases work with. */
export interface NodeContext {
  readonly nodeId: NodeId
  readonly storage: LogStorage
  readonly metadata: MetadataLog
  readonly clock: Clock
  readonly limits: NodeLimits
  /** What this node sets for every topic it leads, whatever the topic was created with. */
  readonly segmentLimits: Partial<SegmentLimits>
  readonly report: Report
}

/** Bounds of a node. Each has a default, see `DEFAULT_NODE_LIMITS`. */
export interface NodeLimits {
  /** How long a request may wait for a rollover, for metadata, or for its turn at a cursor, before it is `timed out`. */
  readonly requestTimeoutMs: number
  /** How often age and bytes of the open segments are looked at. */
  readonly monitorIntervalMs: number
  /** Appends of one topic that may wait for its next segment. */
  readonly heldEntriesMax: number
  /** Bytes of such appends; a single one may be larger. */
  readonly heldBytesMax: number
  /** Entries that a cursor reads ahead. */
  readonly readAheadEntriesMax: number
  /** Bytes that a cursor reads ahead; a single entry may be larger. */
  readonly readAheadBytesMax: number
  /** First wait before something that failed is tried again; it doubles each time. */
  readonly retryMinMs: number
  readonly retryMaxMs: number
}

/** Limits that suit a broker. */
export const DEFAULT_NODE_LIMITS: NodeLimits = {
  requestTimeoutMs: 5_000,
  monitorIntervalMs: 10_000,
  heldEntriesMax: 65_536,
  heldBytesMax: 64 * 1024 * 1024,
  readAheadEntriesMax: 1_024,
  readAheadBytesMax: 64 * 1024,
  retryMinMs: 50,
  retryMaxMs: 1_000,
}

/** Tells the operator what happened. Fields are ids, counts and reasons, never payloads. */
export type Report = (level: ReportLevel, message: string, fields: ReportFields) => void

export type ReportLevel = 'debug' | 'info' | 'warn' | 'error'
export type ReportFields = Readonly<Record<string, string | number>>
