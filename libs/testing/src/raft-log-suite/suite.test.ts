import { MemoryLog, MemoryLogStore } from '@walrus/raft'
import { raftLogSuite } from './suite.js'

raftLogSuite({
  name: 'memory',
  place: async () => {
    const disk = new MemoryLog()
    return { open: async () => new MemoryLogStore(disk), remove: async () => undefined }
  },
})
