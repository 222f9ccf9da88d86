import { parentPort } from 'node:worker_threads'
import { runClusterSeed } from '../run-cluster-seed.js'
import { clusterSabotages, type ClusterSabotage } from '../sabotage/cluster-sabotages.js'
import type { SeedJob } from './seed-pool.js'

parentPort?.on('message', (job: SeedJob) => {
  const { seed, sabotage, without = [], ...options } = job
  const named: Readonly<Record<string, ClusterSabotage>> = clusterSabotages
  const change = sabotage === undefined ? undefined : named[sabotage]
  void runClusterSeed(seed, { ...options, without: new Set(without), ...(change && { sabotage: change }) }).then(
    (result) => parentPort?.postMessage(result),
  )
})
