/** Bounds of replication. Each has a default, see `DEFAULT_REPLICATION_LIMITS`. */
export interface ReplicationLimits {
  /** Bytes of one batch: no more than a frame between nodes has room for. What is larger is refused, and not stored. */
  readonly batchBytesMax: number
  /** Bytes of batches in one request to a replica; a single batch may be larger. */
  readonly stretchBytesMax: number
  /** Bytes that are under way to one replica and not answered. */
  readonly replicaInFlightBytesMax: number
  /**
   * How long a stretch may take to be durable on a replica before the replica is asked what it has; a large one longer, at 8 KiB
   * per millisecond.
   */
  readonly replicaTimeoutMs: number
  /** Bytes of one segment that are kept in memory for replicas that are a little behind; others read the disk. */
  readonly sendWindowBytesMax: number
  /** Bytes of one segment that may wait for the quorum; then appends are refused. */
  readonly uncommittedBytesMax: number
  /** After so long without anything else to send, replicas are told alone what is committed. */
  readonly publishIdleMs: number
  /** How long a request about a segment waits for metadata that knows it. */
  readonly metadataWaitMs: number
  /** How often copies are looked at, beside each change of the metadata. */
  readonly repairIntervalMs: number
  /** Copies that a node completes at once. */
  readonly repairsMax: number
  /** How often the leader of the metadata looks for segments whose leader is gone. */
  readonly recoveryIntervalMs: number
  /** Segments that are recovered at once. */
  readonly recoveriesMax: number
  /** How long a node is given to copy a segment, before it is asked again. */
  readonly copyTimeoutMs: number
}

/** Limits that suit a broker. */
export const DEFAULT_REPLICATION_LIMITS: ReplicationLimits = {
  batchBytesMax: 31 * 1024 * 1024,
  stretchBytesMax: 1024 * 1024,
  replicaTimeoutMs: 1_000,
  replicaInFlightBytesMax: 4 * 1024 * 1024,
  sendWindowBytesMax: 8 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  publishIdleMs: 10,
  metadataWaitMs: 1_000,
  repairIntervalMs: 5_000,
  repairsMax: 4,
  recoveryIntervalMs: 100,
  recoveriesMax: 64,
  copyTimeoutMs: 60_000,
}
