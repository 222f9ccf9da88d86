import type { Clock, EventTrace, LogStorage, MetadataLog, NodeId, PeerMessaging, SegmentLimits } from '@walrus/core'
import type { LivenessView } from './liveness/liveness-view.js'
import { DEFAULT_REPLICATION_LIMITS, type ReplicationLimits } from './replication/replication-limits.js'
import type { WriteLease } from './liveness/write-lease.js'
import type { Replication } from './open-segment.js'

/** What a node's use cases work with. */
export interface NodeContext {
  readonly nodeId: NodeId
  readonly storage: LogStorage
  readonly metadata: MetadataLog
  /** The other nodes; for the only node of a cluster there is nobody to ask. */
  readonly peers: PeerMessaging
  readonly liveness: LivenessView
  readonly clock: Clock
  readonly limits: NodeLimits
  /** What this node sets for every topic it leads, whatever the topic was created with. */
  readonly segmentLimits: Partial<SegmentLimits>
  readonly report: Report
  /** Hears each step of the protocol; undefined: nobody does, and nothing is done for it. */
  readonly trace: EventTrace | undefined
}

/** What the use cases work with that lead segments, or send others to who does. */
export interface ClusterContext extends NodeContext {
  readonly lease: WriteLease
  readonly replication: Replication
  /** Names this life of the node in every topic, so that what it forwards twice is stored once. From 1. */
  readonly producerId: number
}

/** Bounds of a node. Each has a default, see `DEFAULT_NODE_LIMITS`. */
export interface NodeLimits extends ReplicationLimits {
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
  /** How often each other node is asked for a sign of life. */
  readonly heartbeatMs: number
  /** How long a node may write after a majority of the voters has answered, counted from when it asked. */
  readonly leaseMs: number
  /** Others fence the segments of a node that was silent for longer. Invariant: longer than `leaseMs`. */
  readonly silenceMs: number
  /** The same for a node that refuses connections: its process has most likely died. */
  readonly goneMs: number
  /** How often a node looks whether it still has its lease. */
  readonly leaseSweepMs: number
  /** Entries of one topic that are forwarded to its leader at once. */
  readonly forwardEntriesMax: number
  /** Bytes of them; a single entry may be larger. */
  readonly forwardBytesMax: number
  /** How long a sealed segment waits for a dead replica before it is given another. */
  readonly replaceDeadAfterMs: number
  /** After its disk was full a node asks for no leadership for so long. */
  readonly diskFullMs: number
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
  heartbeatMs: 100,
  leaseMs: 1_000,
  silenceMs: 1_500,
  goneMs: 400,
  leaseSweepMs: 100,
  forwardEntriesMax: 4_096,
  forwardBytesMax: 1024 * 1024,
  replaceDeadAfterMs: 10 * 60_000,
  diskFullMs: 30_000,
  ...DEFAULT_REPLICATION_LIMITS,
}

/** Tells the operator what happened. Fields are ids, counts and reasons, never payloads. */
export type Report = (level: ReportLevel, message: string, fields: ReportFields) => void

export type ReportLevel = 'debug' | 'info' | 'warn' | 'error'
export type ReportFields = Readonly<Record<string, string | number>>
