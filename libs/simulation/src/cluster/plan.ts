import { DEFAULT_TOPIC_CONFIG, type NodeId } from '@walrus/core'
import { randomBelow, type Random } from '@walrus/testing'
import { between, oneOf, streamOf } from '../plan/random-choice.js'
import type { NodePlan } from './world/node-plan.js'

/** All that one seed decides before the first event. */
export interface ClusterPlan {
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly topics: readonly string[]
  readonly clientCount: number
  /** How long clients work while things fail. */
  readonly stormMs: number
  /** How fast the clock of each node goes. */
  readonly clockRates: ReadonlyMap<NodeId, number>
  readonly node: NodePlan
  /** Milliseconds between two faults, on the average. */
  readonly faultEveryMs: number
}

/** The same seed gives the same plan. */
export function planCluster(seed: number): ClusterPlan {
  const random = streamOf(seed, 0)
  const nodes = Array.from({ length: oneOf(random, [3, 3, 3, 4, 5]) }, (_, at) => at + 1)
  return {
    seed,
    nodes,
    topics: ['alpha', 'beta', 'gamma'].slice(0, between(random, 1, 3)),
    clientCount: between(random, 2, 4),
    stormMs: oneOf(random, [5_000, 10_000, 20_000]),
    clockRates: new Map(nodes.map((node) => [node, 0.98 + random() * 0.04])),
    node: planNode(random),
    faultEveryMs: oneOf(random, [400, 1_000, 2_500]),
  }
}

function planNode(random: Random): NodePlan {
  return {
    sizes: { fileBytes: oneOf(random, [64, 128]) * 1024, blockBytes: 4096 },
    topicConfig: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: oneOf(random, [5, 20, 60, 200]) },
    limits: {
      requestTimeoutMs: 2_000,
      heartbeatMs: 200,
      leaseSweepMs: 200,
      recoveryIntervalMs: 200,
      monitorIntervalMs: 1_000,
      repairIntervalMs: 1_000,
      retryMaxMs: 400,
      stretchBytesMax: oneOf(random, [300, 3_000, 1024 * 1024]),
      copyTimeoutMs: 5_000,
      readAheadEntriesMax: oneOf(random, [1, 7, 1_024]),
      forwardEntriesMax: oneOf(random, [1, 10, 4_096]),
      diskFullMs: 3_000,
      replaceDeadAfterMs: oneOf(random, [4_000, 600_000]),
    },
    raftTiming: {
      tickMs: 100,
      electionTimeoutTicks: 8,
      proposalTimeoutTicks: 30,
      readTimeoutTicks: 20,
      snapshotTimeoutTicks: 30,
    },
    raftLimits: { snapshotLogBytesMin: oneOf(random, [2_000, 20_000]), trailingEntryCount: randomBelow(random, 20) },
  }
}
