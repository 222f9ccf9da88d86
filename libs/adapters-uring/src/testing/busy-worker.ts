// A thread with a busy file of its own, which ends as it is told: of itself, by exit, or by whoever started it.
import { parentPort, workerData } from 'node:worker_threads'
import { openBusyFile } from './busy-file.js'

const { path, way } = workerData as { readonly path: string; readonly way: string }
const { directory, everything } = await openBusyFile(path)
const calls = everything()
await new Promise((resolve) => setImmediate(resolve))
if (way === 'exit') process.exit(0)
parentPort?.postMessage('busy')
await Promise.all(calls)
await directory.close()
