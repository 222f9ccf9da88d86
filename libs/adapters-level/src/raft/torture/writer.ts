import { openLevelRaftLog } from '../level-raft-log.js'
import { drawFrom, nextOperation, perform } from './workload.js'

/*
 * A process that writes to a log until it is killed: writer.js DIRECTORY SEED. Prints a line for each step that is durable;
 * the next one begins only then.
 */
const [directory = '', seed = ''] = process.argv.slice(2)
const draw = drawFrom(Number(seed))
const store = await openLevelRaftLog({ directory, nodeId: 1, cacheBytesMax: 2_000, chunkBytes: 100 })
process.stdout.write('open\n')
for (;;) {
  await perform(store, nextOperation(store, draw))
  process.stdout.write('done\n')
}
