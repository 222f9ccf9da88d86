import { lastSegment, type ClusterMetadata, type NodeId, type NodeMetadata } from '@walrus/core'
import type { SelfReport } from './node-report.js'

/** The cluster as operators see it, with the names that they read. */
export interface ClusterStatusView {
  /** Who tells it. */
  readonly node: NodeId
  readonly term: number
  /** Of the metadata; null when nobody is known. */
  readonly leader: NodeId | null
  /** Metadata commands that this node has applied. */
  readonly version: number
  readonly nodes: readonly NodeStatusView[]
}

/** One node. What only it can tell is null when it does not answer. */
export interface NodeStatusView {
  readonly id: NodeId
  readonly address: string
  readonly client_address: string | null
  readonly membership: NodeMetadata['role']
  readonly draining: boolean
  readonly live: boolean
  /** It hears a majority, so it takes writes. */
  readonly ready: boolean | null
  readonly role: SelfReport['role'] | null
  readonly term: number | null
  /** Open segments that it leads. */
  readonly segments_led: number
  /** Segments of which it keeps a copy. */
  readonly segments_held: number
  /** Metadata commands that it has applied less than who tells it; 0 when it is ahead. */
  readonly lag: number | null
  readonly disk_full: boolean | null
  readonly leaving: boolean | null
}

/** One node, from what everybody knows and what it says. */
export function viewNode(
  state: ClusterMetadata,
  node: NodeMetadata,
  live: ReadonlySet<NodeId>,
  report: SelfReport | undefined,
): NodeStatusView {
  const { led, held } = countSegments(state, node.id)
  return {
    id: node.id,
    address: node.address,
    client_address: node.clientAddress ?? null,
    membership: node.role,
    draining: node.draining,
    live: live.has(node.id),
    ready: report?.ready ?? null,
    role: report?.role ?? null,
    term: report?.term ?? null,
    segments_led: led,
    segments_held: held,
    lag: report === undefined ? null : Math.max(0, state.version - report.version),
    disk_full: report?.diskFull ?? null,
    leaving: report?.leaving ?? null,
  }
}

function countSegments(state: ClusterMetadata, node: NodeId): { readonly led: number; readonly held: number } {
  let [led, held] = [0, 0]
  for (const topic of state.topics.values()) {
    if (lastSegment(topic).leader === node) led += 1
    for (const segment of topic.segments) if (segment.replicas.includes(node)) held += 1
  }
  return { led, held }
}
