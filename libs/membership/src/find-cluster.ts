import type { NodeId } from '@walrus/core'
import { decideOrigin } from './origin.js'
import { requestAdmission, type AdmissionOptions } from './request-admission.js'

/** What a node remembers of where it belongs. */
export interface ClusterRecord {
  /** Null: it belongs to no cluster yet. */
  readonly clusterId: string | null
  readonly isFounder: boolean
  /** 0: its log holds nothing. */
  lastIndex(): number
  /** Durable when it resolves. */
  saveCluster(clusterId: string, origin: { readonly isFounder: boolean }): Promise<void>
}

export interface FindClusterOptions extends AdmissionOptions {
  readonly record: ClusterRecord
  /** From now on the peers of this cluster are listened to. */
  readonly adoptCluster: (clusterId: string) => void
  /** The id of a cluster that begins here. */
  readonly newClusterId: () => string
}

/**
 * Settles, before Raft runs, which cluster the node belongs to: that of its log, one that begins with it, or one that it asks
 * for admission. Resolves with where its members are, as far as that is not in the log. Rejects with `NODE_REFUSED`, with
 * `INVALID_ARGUMENT` when there is nobody to ask, with `UNAVAILABLE` when `signal` aborts.
 */
export async function findCluster(options: FindClusterOptions): Promise<ReadonlyMap<NodeId, string>> {
  const { record, self, seeds, newClusterId } = options
  const { clusterId: known, isFounder } = record
  const hasLog = record.lastIndex() > 0
  switch (decideOrigin({ nodeId: self.nodeId, hasLog, clusterId: known, isFounder, seeds })) {
    case 'restart':
      return new Map()
    case 'found':
      // Before anything is written: a log that is empty although it has a cluster is begun again.
      await belongTo(known ?? newClusterId(), true, options)
      return new Map()
    case 'join': {
      const { clusterId, members } = await requestAdmission(options)
      await belongTo(clusterId, false, options)
      options.report('info', 'Admitted to a cluster', { clusterId, memberCount: members.size })
      return members
    }
  }
}

async function belongTo(
  clusterId: string,
  isFounder: boolean,
  { record, adoptCluster }: FindClusterOptions,
): Promise<void> {
  await record.saveCluster(clusterId, { isFounder })
  adoptCluster(clusterId)
}
