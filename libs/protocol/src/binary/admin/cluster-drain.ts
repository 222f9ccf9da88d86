import { oneOf, record } from '@walrus/core'
import { count, ordinal, type AdminOperation } from './admin-operation.js'

/** Gives a node nothing new, and hands on what it leads; or takes that back. */
export interface ClusterDrainParameters {
  readonly node: number
  /** False: the node takes part again. */
  readonly draining: boolean
}

export interface ClusterDrainResult {
  readonly node: number
  readonly draining: boolean
  /** Open segments that it leads now; ask again until there is none. */
  readonly segmentsLed: number
}

export const clusterDrain: AdminOperation<ClusterDrainParameters, ClusterDrainResult> = {
  parameters: record<ClusterDrainParameters>({ node: ordinal, draining: oneOf(true, false) }),
  result: record<ClusterDrainResult>({ node: ordinal, draining: oneOf(true, false), segmentsLed: count }),
}
