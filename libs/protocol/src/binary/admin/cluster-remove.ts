import { integer, record } from '@walrus/core'
import { ordinal, type AdminOperation } from './admin-operation.js'

/** Drains a node, waits until others keep all that it kept, and takes it out of the cluster for good. */
export interface ClusterRemoveParameters {
  readonly node: number
  /** How long that may take, 1 to 3,600,000; the node goes on draining when it takes longer. */
  readonly timeoutMs: number
}

/** It is no member any more. */
export interface ClusterRemoveResult {
  readonly node: number
}

const REMOVE_TIMEOUT_MS_MAX = 3_600_000

export const clusterRemove: AdminOperation<ClusterRemoveParameters, ClusterRemoveResult> = {
  parameters: record<ClusterRemoveParameters>({ node: ordinal, timeoutMs: integer(1, REMOVE_TIMEOUT_MS_MAX) }),
  result: record<ClusterRemoveResult>({ node: ordinal }),
}
