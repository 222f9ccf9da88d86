import { record } from '@walrus/core'
import { ordinal, type AdminOperation } from './admin-operation.js'

/** Takes a node out of the cluster for good. */
export interface ClusterRemoveParameters {
  readonly node: number
}

/** It is no member any more. */
export interface ClusterRemoveResult {
  readonly node: number
}

export const clusterRemove: AdminOperation<ClusterRemoveParameters, ClusterRemoveResult> = {
  parameters: record<ClusterRemoveParameters>({ node: ordinal }),
  result: record<ClusterRemoveResult>({ node: ordinal }),
}
