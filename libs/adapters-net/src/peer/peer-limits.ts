/** What peers, all of them together or one by itself, may take up. */
export interface PeerLimits {
  /** Connections from outside at once; one more is refused. */
  readonly maxConnections: number
  /** Longest frame, sent or received; the same on all nodes. */
  readonly maxFrameBytes: number
  /** Longest frame of a caller that does not know the cluster's id: it may ask to be admitted. */
  readonly maxStrangerFrameBytes: number
  /** Messages of Raft that wait for one peer: beyond, the oldest that may be lost are. One message alone may exceed it. */
  readonly maxQueuedRaftBytes: number
  /** Largest snapshot that is taken. */
  readonly maxSnapshotBytes: number
  /** Snapshots that are being received at once; one more is refused. */
  readonly maxIncomingSnapshots: number
  /** Requests to one peer that have no answer yet; more wait here. */
  readonly maxRequestsInFlight: number
  /** Requests to one peer that wait here; one more is refused. */
  readonly maxRequestsWaiting: number
  /** Payload of all requests to one peer, in flight or waiting; a request beyond is refused unless it is the only one. */
  readonly maxRequestBytes: number
}

/** How long peers may take, in milliseconds. */
export interface PeerTimings {
  /** From dialling, or accepting, until both sides know each other. */
  readonly handshakeTimeoutMs: number
  /** Who dialled asks for a sign of life that often. */
  readonly pingIntervalMs: number
  /** Without any byte from the other side for so long, a connection is cut. */
  readonly idleTimeoutMs: number
  /** A frame that has begun to come must be complete after so long, or somewhat later. */
  readonly frameTimeoutMs: number
  /** The wait before the second attempt to dial; it doubles with each, and up to half of it is left to chance. */
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /** A snapshot of which nothing has moved for so long is given up. */
  readonly snapshotStallMs: number
  /** When closing, what was accepted is answered for that long at most. */
  readonly closeTimeoutMs: number
}

export const DEFAULT_PEER_LIMITS: PeerLimits = {
  maxConnections: 1024,
  maxFrameBytes: 32 * 1024 * 1024,
  maxStrangerFrameBytes: 64 * 1024,
  maxQueuedRaftBytes: 16 * 1024 * 1024,
  maxSnapshotBytes: 1024 * 1024 * 1024,
  maxIncomingSnapshots: 2,
  maxRequestsInFlight: 256,
  maxRequestsWaiting: 4096,
  maxRequestBytes: 64 * 1024 * 1024,
}

export const DEFAULT_PEER_TIMINGS: PeerTimings = {
  handshakeTimeoutMs: 3000,
  pingIntervalMs: 1000,
  idleTimeoutMs: 5000,
  frameTimeoutMs: 30_000,
  backoffMinMs: 50,
  backoffMaxMs: 5000,
  snapshotStallMs: 10_000,
  closeTimeoutMs: 1000,
}
