// Ends in the way that its second argument names, with a busy file in the folder that its first names.
import { openBusyFile, type BusyFile } from './busy-file.js'

const [, , path = '', way = ''] = process.argv

const endings: Readonly<Record<string, (busy: BusyFile) => unknown>> = {
  idle: ({ file }) => file.read(0, 10),
  'all done': ({ everything }) => {
    const calls = everything()
    let doneCount = 0
    for (const call of calls) void call.then(() => (doneCount += 1))
    process.on('exit', () => process.stdout.write(`${doneCount} of ${calls.length}`))
  },
  'exit under way': ({ everything }) => {
    void everything()
    setImmediate(() => process.exit(3))
  },
  'exit at once': ({ everything }) => {
    void everything()
    process.exit(3)
  },
  'exit in an answer': ({ everything, file }) => {
    void everything()
    void file.read(0, 10).then(() => process.exit(3))
  },
  'throw in an answer': ({ everything, file }) => {
    void everything()
    void file.read(0, 10).then(() => {
      throw new Error('uncaught')
    })
  },
}

await endings[way]?.(await openBusyFile(path))
