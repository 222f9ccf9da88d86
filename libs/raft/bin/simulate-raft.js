#!/usr/bin/env node
// Runs whole groups under faults, one for each seed, and stops at the first one that breaks a promise.
//
//   simulate-raft [--driver] [--seeds N] [--first SEED] [--steps N] [--sabotage NAME]
//
// --driver: whole nodes with their driver, instead of bare cores.
// A failing seed is printed; `--first SEED --seeds 1` replays exactly that run.
import { parseArgs } from 'node:util'
import { simulateDriver } from '../dist/simulation/simulate-driver.js'
import { simulate } from '../dist/simulation/simulate.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '3000' },
    sabotage: { type: 'string' },
    driver: { type: 'boolean', default: false },
  },
})
const seeds = Number(values.seeds)
const first = Number(values.first)
const steps = Number(values.steps)
const totals = { committed: 0, writes: 0, reads: 0 }
const started = performance.now()
let failed = 0

if (values.driver) {
  await simulateWholeNodes()
  process.exit()
}

let hash = 0

for (let seed = first; seed < first + seeds; seed++) {
  const result = simulate({ seed, steps, ...(values.sabotage && { sabotage: values.sabotage }) })
  hash = Math.imul(hash ^ result.traceHash, 0x01000193) >>> 0
  totals.committed += result.committedIndex
  totals.writes += result.completedWrites
  totals.reads += result.completedReads
  if (!result.failure) continue
  failed++
  console.log(`seed ${seed} failed in step ${result.failure.step}: ${result.failure.message}`)
  console.log(`replay it with: npm run simulate:raft -- --first ${seed} --seeds 1 --steps ${steps}`)
  if (failed >= 5) break
}

const seconds = (performance.now() - started) / 1000
console.log(
  `${seeds} seeds of ${steps} steps in ${seconds.toFixed(1)} s (${Math.round(seeds / seconds)} seeds/s), ` +
    `${totals.committed} entries committed, ${totals.writes} writes and ${totals.reads} reads completed, trace ${hash.toString(16)}`,
)
if (failed > 0) process.exitCode = 1

async function simulateWholeNodes() {
  const sums = { acknowledged: 0, reads: 0, crashes: 0 }
  for (let seed = first; seed < first + seeds; seed++) {
    const { failure, acknowledged, reads, crashes } = await simulateDriver({ seed, steps })
    sums.acknowledged += acknowledged
    sums.reads += reads
    sums.crashes += crashes
    if (failure === undefined) continue
    process.exitCode = 1
    console.log(`seed ${seed} failed: ${failure}`)
    console.log(`replay it with: npm run simulate:raft -- --driver --first ${seed} --seeds 1 --steps ${steps}`)
  }
  const { acknowledged, reads, crashes } = sums
  console.log(`${seeds} seeds of ${steps} steps: ${acknowledged} writes, ${reads} reads, ${crashes} crashes`)
}
