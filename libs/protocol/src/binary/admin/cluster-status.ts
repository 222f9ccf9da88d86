import { list, oneOf, optional, record } from '@walrus/core'
import { count, ordinal, PAGE_ITEMS_MAX, words, type AdminOperation } from './admin-operation.js'

/** Asks for the cluster as one node sees it. */
export type ClusterStatusParameters = Readonly<Record<never, never>>

export interface ClusterStatusResult {
  /** Whose view it is. */
  readonly answeredBy: number
  readonly term: number
  /** Leader of the metadata's Raft group. */
  readonly leader?: number | undefined
  readonly topicCount: number
  /** Ascending by id. */
  readonly nodes: readonly NodeStatus[]
}

/** What is undefined, the node that answered does not know. */
export interface NodeStatus {
  readonly id: number
  /** host:port of the peer listener. */
  readonly address: string
  /** host:port of the client listener. */
  readonly clientAddress?: string | undefined
  readonly role: 'voter' | 'learner'
  /** Its part in Raft. */
  readonly raftRole?: 'Learner' | 'Follower' | 'Candidate' | 'Leader' | 'Shutdown' | undefined
  readonly term?: number | undefined
  readonly draining: boolean
  readonly live?: boolean | undefined
  /** It hears a majority of the voters, so topics can be written through it. */
  readonly ready?: boolean | undefined
  readonly diskFull?: boolean | undefined
  /** Segments that are not sealed and that it leads. */
  readonly segmentsLed: number
  /** Segments of which it has a copy. */
  readonly replicas: number
  /** Metadata commands that it has applied less than who answered. */
  readonly lag?: number | undefined
}

const node = record<NodeStatus>({
  id: ordinal,
  address: words,
  clientAddress: optional(words),
  role: oneOf('voter', 'learner'),
  raftRole: optional(oneOf('Learner', 'Follower', 'Candidate', 'Leader', 'Shutdown')),
  term: optional(count),
  draining: oneOf(true, false),
  live: optional(oneOf(true, false)),
  ready: optional(oneOf(true, false)),
  diskFull: optional(oneOf(true, false)),
  segmentsLed: count,
  replicas: count,
  lag: optional(count),
})

export const clusterStatus: AdminOperation<ClusterStatusParameters, ClusterStatusResult> = {
  parameters: record<ClusterStatusParameters>({}),
  result: record<ClusterStatusResult>({
    answeredBy: ordinal,
    term: count,
    leader: optional(ordinal),
    topicCount: count,
    nodes: list(node, PAGE_ITEMS_MAX),
  }),
}
