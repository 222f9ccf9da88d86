#!/usr/bin/env node
// Runs whole groups under faults, one for each seed, and stops soon after the first one that breaks a promise.
//
//   simulate-raft [--driver] [--seeds N] [--first SEED] [--steps N] [--workers N] [--sabotage NAME]
//
// --driver: whole nodes with their driver, instead of bare cores. --workers: threads, as many as there are processors
// unless told; the results are the same with any number.
// A failing seed is printed; `--first SEED --seeds 1` replays exactly that run.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '3000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    sabotage: { type: 'string' },
    driver: { type: 'boolean', default: false },
  },
})
const seeds = Number(values.seeds)
const first = Number(values.first)
const steps = Number(values.steps)
const { sabotage, driver } = values
const SEEDS_AT_ONCE = 50
const FAILURES_MAX = 5

const started = performance.now()
const results = await runAll()
const seconds = (performance.now() - started) / 1000
const failures = results.filter(({ failure }) => failure !== undefined)
for (const { seed, failure } of failures.slice(0, FAILURES_MAX)) {
  console.log(`seed ${seed} failed: ${driver ? failure : `in step ${failure.step}: ${failure.message}`}`)
  console.log(
    `replay it with: npm run simulate:raft -- ${driver ? '--driver ' : ''}--first ${seed} --seeds 1 --steps ${steps}`,
  )
}
console.log(
  `${results.length} seeds of ${steps} steps in ${seconds.toFixed(1)} s (${Math.round(results.length / seconds)} seeds/s, ` +
    `${Math.round((results.length * steps) / seconds)} steps/s), ${failures.length} failed: ${driver ? workOfNodes() : workOfCores()}`,
)
process.exitCode = failures.length > 0 ? 1 : 0

/** All results, ascending by seed; no range is begun once one has failed. */
async function runAll() {
  const all = []
  let next = first
  await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, work))
  return all.sort((one, other) => one.seed - other.seed)

  async function work() {
    const worker = new Worker(new URL('simulate-raft-worker.js', import.meta.url))
    while (next < first + seeds && !all.some(({ failure }) => failure !== undefined)) {
      const count = Math.min(SEEDS_AT_ONCE, first + seeds - next)
      // Of 'error', too, this listens only until the answer is there: a worker has as many answers as ranges.
      const answer = once(worker, 'message')
      worker.postMessage({ first: next, count, steps, sabotage, driver })
      next += count
      const [answered] = await answer
      all.push(...answered)
    }
    await worker.terminate()
  }
}

function workOfCores() {
  const hash = results.reduce((before, { traceHash }) => Math.imul(before ^ traceHash, 0x01000193) >>> 0, 0)
  const committed = sum(({ committedIndex }) => committedIndex)
  const writes = sum(({ completedWrites }) => completedWrites)
  const reads = sum(({ completedReads }) => completedReads)
  return `${committed} entries committed, ${writes} writes and ${reads} reads completed, trace ${hash.toString(16)}`
}

function workOfNodes() {
  const acknowledged = sum((result) => result.acknowledged)
  return `${acknowledged} writes, ${sum(({ reads }) => reads)} reads, ${sum(({ crashes }) => crashes)} crashes`
}

function sum(of) {
  return results.reduce((total, result) => total + of(result), 0)
}
