import type { LookupFunction } from 'node:net'
import type { Clock } from '@walrus/core'
import type { NodeId } from '@walrus/raft'
import type { FlushQueue } from '../flush-queue.js'
import type { PeerEvent } from './peer-event.js'
import type { PeerLimits, PeerTimings } from './peer-limits.js'

/** Who this node is. */
export interface PeerIdentity {
  readonly nodeId: NodeId
  /** Empty until the node belongs to a cluster; then it never changes. */
  clusterId: string
}

/** What all connections of a node share. */
export interface PeerContext {
  readonly identity: PeerIdentity
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly lookup: LookupFunction | undefined
  readonly limits: PeerLimits
  readonly timings: PeerTimings
  readonly flushes: FlushQueue
  readonly onEvent: (event: PeerEvent) => void
}
