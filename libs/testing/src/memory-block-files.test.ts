import { blockFileSuite } from './block-file-suite/suite.js'
import { MemoryBlockFiles, MemoryDisk } from '@walrus/adapters-memory'

blockFileSuite({
  name: 'memory',
  place: async () => {
    const disk = new MemoryDisk()
    return { open: () => MemoryBlockFiles.open(disk), remove: async () => undefined }
  },
})
