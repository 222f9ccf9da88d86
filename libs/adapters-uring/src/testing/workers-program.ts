// Starts one thread after the other with a ring, and ends it in the way that its second argument names; its own goes on.
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openBusyFile } from './busy-file.js'

const [, , path = '', way = ''] = process.argv
const { directory, file } = await openBusyFile(join(path, 'main'))

for (let round = 1; round <= 4; round += 1) {
  const workerData = { path: join(path, String(round)), way }
  const worker = new Worker(new URL('./busy-worker.js', import.meta.url), { workerData })
  worker.on('error', (error) => process.stdout.write(`${String(error)}\n`))
  const ended = once(worker, 'exit')
  if (way !== 'exit') await once(worker, 'message')
  if (way === 'terminate') await worker.terminate()
  await file.write([new Uint8Array([round])], 0, true)
  await ended
  const [byte] = await file.read(0, 1)
  process.stdout.write(`${byte} `)
}
await directory.close()
