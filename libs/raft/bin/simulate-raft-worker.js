// Runs the seeds that it is told, one range after the other, and says what came of them.
import { parentPort } from 'node:worker_threads'
import { simulateDriver } from '../dist/simulation/simulate-driver.js'
import { simulate } from '../dist/simulation/simulate.js'

parentPort?.on('message', async ({ first, count, steps, sabotage, driver }) => {
  const results = []
  for (let seed = first; seed < first + count; seed++) {
    if (driver) results.push({ seed, ...(await simulateDriver({ seed, steps })) })
    else results.push(simulate({ seed, steps, ...(sabotage && { sabotage }) }))
  }
  parentPort?.postMessage(results)
})
