import { writeFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { TracedEvent } from '@walrus/adapters-fs'
import { runClusterSeed } from '../run-cluster-seed.js'
import { clusterSabotages, type ClusterSabotage } from '../sabotage/cluster-sabotages.js'
import type { SeedJob } from './seed-pool.js'

parentPort?.on('message', (job: SeedJob) => {
  // Errors are normal here, and most are never shown.
  Error.stackTraceLimit = job.recording === true ? 10 : 0
  const { seed, sabotage, without = [], trace, ...options } = job
  const named: Readonly<Record<string, ClusterSabotage>> = clusterSabotages
  const change = sabotage === undefined ? undefined : named[sabotage]
  const events: TracedEvent[] | undefined = trace === undefined ? undefined : []
  void runClusterSeed(seed, {
    ...options,
    without: new Set(without),
    ...(change && { sabotage: change }),
    ...(events && { onEvent: (event) => void events.push(event) }),
  }).then((result) => {
    if (trace !== undefined) writeFileSync(trace, (events ?? []).map((event) => `${JSON.stringify(event)}\n`).join(''))
    parentPort?.postMessage(result)
  })
})
