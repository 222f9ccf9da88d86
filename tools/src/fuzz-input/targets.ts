import type { FuzzTarget } from './fuzz-target.js'
import { batches, controlRecords } from './targets/batches.js'
import { binaryAnswers, binaryRequests } from './targets/binary-dialect.js'
import { clientFrames } from './targets/client-frames.js'
import { levelFiles } from './targets/level-files.js'
import { confChanges, metadataCommands, metadataStates } from './targets/metadata.js'
import { peerBodies } from './targets/peer-bodies.js'
import { peerFrames, peerStreams } from './targets/peer-frames.js'
import { raftMessages } from './targets/raft-messages.js'
import { raftRecords } from './targets/raft-records.js'
import { textAnswers, textRequests } from './targets/text-dialect.js'
import { walLog } from './wal-log/wal-log.js'

/** Everything that reads what others wrote. A target exists when it is in this list. */
export const targets: readonly FuzzTarget[] = [
  clientFrames,
  textRequests,
  textAnswers,
  binaryRequests,
  binaryAnswers,
  peerStreams,
  peerFrames,
  peerBodies,
  batches,
  controlRecords,
  metadataCommands,
  metadataStates,
  confChanges,
  raftMessages,
  walLog,
  raftRecords,
  levelFiles,
]

/** Throws for a name that is none. */
export function findTarget(name: string): FuzzTarget {
  const target = targets.find((one) => one.name === name)
  if (target === undefined) throw new Error(`there is no target "${name}"`)
  return target
}
