import { WalrusError } from '@walrus/core'
import { openLevelRaftLog } from '../level-raft-log.js'
import { describeLog } from './workload.js'

/*
 * A process that opens logs and says what it finds: a directory comes in, a verdict goes out. LevelDB may end it (an assertion
 * of its own), and then the process is all that is lost.
 */
process.on('message', (directory: string) => {
  void verdictOn(directory).then((verdict) => process.send?.(verdict))
})

/** What was found, or why it could not be. */
export interface Verdict {
  readonly kind: 'opened' | 'refused' | 'unclear'
  readonly detail: string
}

async function verdictOn(directory: string): Promise<Verdict> {
  let store
  try {
    store = await openLevelRaftLog({ directory, nodeId: 1 })
    return { kind: 'opened', detail: await describeLog(store) }
  } catch (error) {
    return { kind: error instanceof WalrusError ? 'refused' : 'unclear', detail: String(error) }
  } finally {
    await store?.close()
  }
}
