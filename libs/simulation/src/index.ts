export { runSeed } from './fuzz/run-seed.js'
export { runBitFlips } from './fuzz/run-bit-flips.js'
