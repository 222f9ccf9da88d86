// Preloaded into a broker by the cluster tests: once a second it says for how long the event loop stood still at most.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delays = monitorEventLoopDelay({ resolution: 10 })
delays.enable()
setInterval(() => {
  process.stdout.write(`event loop stalled ${Math.round(delays.max / 1e6)} ms\n`)
  delays.reset()
}, 1000).unref()
