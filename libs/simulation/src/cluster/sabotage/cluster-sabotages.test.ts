import { expect } from 'chai'
import { runClusterSeed } from '../run-cluster-seed.js'
import { clusterSabotages, type ClusterSabotageName } from './cluster-sabotages.js'

const SEEDS = 10

/** From which seed on each is looked for: within ten seeds it has to be found. */
const FIRST_SEEDS: Readonly<Record<ClusterSabotageName, number>> = {
  'ack-before-quorum': 1,
  'ack-before-sync': 1,
  'durable-too-early': 1,
  'seal-without-compare-and-set': 1,
  'count-before-drain': 1,
  'fence-is-forgotten': 1,
  'replica-ignores-epoch': 1,
  'start-without-barrier': 1,
  'recovery-takes-shortest': 1,
  'cursor-from-memory': 1,
  'cursors-forgotten-at-rollover': 1,
  'producers-forgotten-at-rollover': 1,
  'duplicate-stored-twice': 1,
  'votes-not-synced': 1,
}

describe('a cluster with a fault', function () {
  this.timeout(240_000)

  for (const [name, first] of Object.entries(FIRST_SEEDS)) {
    it(`of the kind "${name}" breaks a promise within ${SEEDS} seeds`, async () => {
      const sabotage = clusterSabotages[name as ClusterSabotageName]
      for (let seed = first; seed < first + SEEDS; seed += 1) {
        if ((await runClusterSeed(seed, { sabotage })).failure !== undefined) return
      }
      expect.fail(`seeds ${first} to ${first + SEEDS - 1} keep every promise`)
    })
  }
})
