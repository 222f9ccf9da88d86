import { WalrusError, type NodeId } from '@walrus/core'

/** What a node has when it starts. */
export interface OriginQuestion {
  readonly nodeId: NodeId
  /** It holds a log. */
  readonly hasLog: boolean
  /** Null: it belongs to no cluster yet. */
  readonly clusterId: string | null
  /** The cluster began, or was to begin, with this node. */
  readonly isFounder: boolean
  /** Whom it was told to ask for admission. */
  readonly seeds: readonly string[]
}

/**
 * restart: it goes on from its log; found: it begins a cluster; join: it asks to be taken into one, and holds nothing before.
 */
export type Origin = 'restart' | 'found' | 'join'

/**
 * How a node starts. One that has crashed while it founded founds again; one that was admitted and has crashed before it got
 * anything asks again. Throws `INVALID_ARGUMENT` when nobody has said whom.
 */
export function decideOrigin({ nodeId, hasLog, clusterId, isFounder, seeds }: OriginQuestion): Origin {
  if (hasLog) return 'restart'
  if (isFounder) return 'found'
  if (seeds.length > 0) return 'join'
  if (clusterId === null) return 'found'
  const reason = 'it was to join, and has got nothing yet: say again whom it is to join'
  throw new WalrusError('INVALID_ARGUMENT', `Cannot start node ${nodeId} of cluster "${clusterId}": ${reason}`)
}
