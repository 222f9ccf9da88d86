import { expect } from 'chai'
import { runClusterSeed } from '../run-cluster-seed.js'
import { clusterSabotages } from './cluster-sabotages.js'

const SEEDS = 10

describe('a cluster with a fault', function () {
  this.timeout(240_000)

  for (const [name, sabotage] of Object.entries(clusterSabotages)) {
    it(`of the kind "${name}" breaks a promise within ${SEEDS} seeds`, async () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        if ((await runClusterSeed(seed, { sabotage })).failure !== undefined) return
      }
      expect.fail(`seeds 1 to ${SEEDS} keep every promise`)
    })
  }
})
