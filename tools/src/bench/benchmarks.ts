import type { Benchmark } from './benchmark.js'
import { brokerBatch } from './broker-batch.js'
import { brokerPut } from './broker-put.js'
import { brokerRtt } from './broker-rtt.js'
import { clusterGet } from './cluster-get.js'
import { clusterPut } from './cluster-put.js'
import { clusterScale } from './cluster-scale.js'
import { failover } from './failover.js'
import { raft } from './raft.js'
import { rolloverPause } from './rollover-pause.js'
import { walAppend } from './wal-append.js'
import { walBackends } from './wal-backends.js'
import { walBatch } from './wal-batch.js'
import { walRead } from './wal-read.js'
import { walRecovery } from './wal-recovery.js'
import { walSoak } from './wal-soak.js'
import { walTopics } from './wal-topics.js'

/** All of them, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  walAppend,
  walBatch,
  walBackends,
  walRead,
  walRecovery,
  walTopics,
  walSoak,
  brokerPut,
  brokerBatch,
  brokerRtt,
  raft,
  clusterPut,
  clusterGet,
  clusterScale,
  rolloverPause,
  failover,
]
