import { raftLogSuite, temporaryFolder } from '@walrus/testing'
import { join } from 'node:path'
import { openLevelRaftLog } from './level-raft-log.js'

const place = (options: { cacheBytesMax?: number; chunkBytes?: number }) => async () => {
  const folder = await temporaryFolder()
  const directory = join(folder.path, 'new', 'raft')
  return { open: () => openLevelRaftLog({ directory, nodeId: 7, ...options }), remove: folder.remove }
}

raftLogSuite({ name: 'LevelDB', place: place({}) })
raftLogSuite({
  name: 'LevelDB, almost nothing in memory, snapshots in pieces',
  place: place({ cacheBytesMax: 1, chunkBytes: 10_000 }),
})
