import { randomUUID } from 'node:crypto'
import { openLevelRaftLog } from '@walrus/adapters-level'
import { MemoryLogStore, type LogStore } from '@walrus/raft'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'

/** The Raft log of this node, and whose it is. */
export interface RaftLog extends LogStore {
  /** What tells this node from another one with the same id. */
  readonly identity: string
  /** Null until the node belongs to a cluster. */
  readonly clusterId: string | null
  /** The cluster began with this node. */
  readonly isFounder: boolean
  saveCluster(clusterId: string, origin: { readonly isFounder: boolean }): Promise<void>
}

/** What is stored, or a log that nothing remains of, and whose node is a new one each time. */
export function openRaftLog({ nodeId, storage }: Config, directories: Directories): Promise<RaftLog> {
  if (storage === 'memory') return Promise.resolve(new MemoryRaftLog())
  return openLevelRaftLog({ directory: directories.raft, nodeId })
}

class MemoryRaftLog extends MemoryLogStore implements RaftLog {
  readonly identity = randomUUID()
  clusterId: string | null = null
  isFounder = false

  async saveCluster(clusterId: string, { isFounder }: { readonly isFounder: boolean }): Promise<void> {
    this.clusterId = clusterId
    this.isFounder = isFounder
  }
}
