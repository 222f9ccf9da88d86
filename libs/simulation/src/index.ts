export { runSeed } from './fuzz/run-seed.js'
export { runBitFlips } from './fuzz/run-bit-flips.js'
export { runClusterSeed, type ClusterRunOptions, type ClusterSeedResult } from './cluster/run-cluster-seed.js'
