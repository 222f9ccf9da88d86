import {
  DEFAULT_TOPIC_CONFIG,
  reasonOf,
  WalrusError,
  type Clock,
  type EventTrace,
  type LogStorage,
  type MetadataLog,
  type NodeId,
  type NodeMetadata,
  type PeerMessaging,
  type SegmentLimits,
  type TopicConfig,
} from '@walrus/core'
import { ClusterNode } from './cluster-node.js'
import { PreviousLife } from './leading/previous-life.js'
import { recoverSegments } from './leading/recover-segments.js'
import { DiskRoom } from './liveness/disk-room.js'
import { Heartbeats } from './liveness/heartbeats.js'
import { WriteLease } from './liveness/write-lease.js'
import { DEFAULT_NODE_LIMITS, type NodeContext, type NodeLimits, type Report } from './node-context.js'
import { NO_PEERS, noReplication } from './alone.js'
import { backoffMs, pause } from './pause.js'
import { traceOpening } from './tracing/trace-opening.js'
import { ClusterReplication } from './replication/cluster-replication.js'

export interface NodeOptions {
  readonly nodeId: NodeId
  /** host:port of this node's peer listener, as metadata names it. */
  readonly address: string
  /** What this node has stored. The caller closes it, after the node. */
  readonly storage: LogStorage
  /** What the cluster has decided. The caller closes it, after the node. */
  readonly metadata: MetadataLog
  /** The other nodes; unless told, there never are any. The caller closes it, after the node. */
  readonly peers?: PeerMessaging
  /** Takes a node that keeps nothing any more out of the cluster, in whatever stands behind the metadata. */
  readonly removeMember?: (id: NodeId, timeoutMs: number) => Promise<void>
  readonly clock: Clock
  /** In [0, 1); tells the lives of this node apart. */
  readonly random?: () => number
  /** Hears what an operator should know; nobody unless told. */
  readonly report?: Report
  /** Hears each step of the protocol that this node takes; nobody unless told. */
  readonly trace?: EventTrace
  /** What new topics are created with; `DEFAULT_TOPIC_CONFIG` unless told. */
  readonly topicConfig?: TopicConfig
  /** Overrides, for every topic that this node leads, what the topic was created with. */
  readonly segmentLimits?: Partial<SegmentLimits>
  /** Overrides of `DEFAULT_NODE_LIMITS`. */
  readonly limits?: Partial<NodeLimits>
}

/**
 * Starts a node: catches up with what was decided, announces it, compares what was decided with what is stored, and finishes what
 * a crash interrupted. It continues the open segments of which it has the only copy, and has the others that it led fenced, since it
 * cannot know what became of them. Damage is reported and stays with its topic; rejects when metadata cannot be written, or a
 * seal cannot be recorded.
 */
export async function openNode(options: NodeOptions): Promise<ClusterNode> {
  const { metadata, clock, peers = NO_PEERS } = options
  const limits = checkedLimits({ ...DEFAULT_NODE_LIMITS, ...options.limits })
  const heartbeats = new Heartbeats({ nodeId: options.nodeId, metadata, peers, clock, limits })
  const context: NodeContext = {
    nodeId: options.nodeId,
    storage: options.storage,
    metadata,
    peers,
    liveness: heartbeats,
    clock,
    limits,
    segmentLimits: options.segmentLimits ?? {},
    report: options.report ?? (() => undefined),
    trace: options.trace,
  }
  try {
    await catchUp(context)
    await announce(context, options.address)
    await recoverSegments(context)
    traceOpening(context)
  } catch (error) {
    heartbeats.close()
    throw error
  }
  const diskRoom = new DiskRoom({ clock, limits, heartbeats, report: context.report })
  const noteFull = (): void => diskRoom.noteFull()
  const replication = options.peers === undefined ? noReplication() : new ClusterReplication(context, noteFull)
  const lease = new WriteLease({ clock, liveness: heartbeats, limits })
  heartbeats.onContact(() => lease.held || lease.sweep())
  const producerId = 1 + Math.floor((options.random ?? Math.random)() * (Number.MAX_SAFE_INTEGER - 1))
  return new ClusterNode({
    context: { ...context, replication, lease, producerId },
    heartbeats,
    diskRoom,
    previousLife: new PreviousLife(context),
    topicConfig: options.topicConfig ?? DEFAULT_TOPIC_CONFIG,
    removeMember: options.removeMember ?? ((id) => removeFromMetadata(context, id)),
  })
}

/** A leader that hears nobody has to stop before others go on without it. */
function checkedLimits(limits: NodeLimits): NodeLimits {
  const { heartbeatMs, leaseMs, silenceMs, replaceDeadAfterMs } = limits
  if (heartbeatMs < leaseMs && leaseMs < silenceMs && silenceMs < replaceDeadAfterMs) return limits
  const reason = 'each has to be longer than the one before'
  const silence = `silence ${silenceMs} ms and replacement after ${replaceDeadAfterMs} ms`
  const values = `heartbeat ${heartbeatMs} ms, lease ${leaseMs} ms, ${silence}`
  throw new WalrusError('INVALID_ARGUMENT', `Cannot use ${values}: ${reason}`)
}

/**
 * Placement and replica sets speak of nodes that metadata knows; so this node is in it before any topic is. What was decided of it
 * meanwhile stays: it may be to leave.
 */
async function announce({ metadata, nodeId }: NodeContext, address: string): Promise<void> {
  const known = metadata.state.nodes.get(nodeId)
  if (known?.address === address) return
  const node: NodeMetadata = { role: 'voter', draining: false, ...known, id: nodeId, address }
  const result = await metadata.propose({ kind: 'UpsertNode', node })
  if (result.outcome === 'rejected') {
    throw new WalrusError('INVALID_ARGUMENT', `Cannot announce node ${nodeId} at "${address}": ${result.detail}`)
  }
}

async function removeFromMetadata({ metadata }: NodeContext, id: NodeId): Promise<void> {
  const result = await metadata.propose({ kind: 'RemoveNode', id })
  if (result.outcome === 'rejected') {
    throw new WalrusError('INVALID_ARGUMENT', `Cannot remove node ${id}: ${result.detail}`)
  }
}

/** What this node was told before it stopped may be long over: it writes nothing before it knows what was decided since. */
async function catchUp({ metadata, clock, limits, report }: NodeContext): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await metadata.barrier()
    } catch (error) {
      if (!(error instanceof WalrusError) || error.code === 'STORAGE_CLOSED') throw error
      report('warn', 'cannot catch up with the metadata yet', { attempt, reason: reasonOf(error) })
      await pause(clock, backoffMs(attempt, limits))
    }
  }
}
