import type { NodeLimits } from '@walrus/cluster'
import type { TopicConfig } from '@walrus/core'
import type { RaftLimits, RaftTiming } from '@walrus/raft'
import type { StorageSizes } from './storage-disk.js'

/** How nodes are set up. */
export interface NodePlan {
  readonly sizes: StorageSizes
  readonly topicConfig: TopicConfig
  readonly limits: Partial<NodeLimits>
  readonly raftTiming: Partial<RaftTiming>
  readonly raftLimits: Partial<RaftLimits>
}
