import { blockFileSuite } from '@walrus/testing'
import { MemoryBlockFiles, type MemoryFiles } from './memory-block-files.js'

blockFileSuite({
  name: 'memory of a broker',
  place: async () => {
    const files: MemoryFiles = new Map()
    return { open: async () => new MemoryBlockFiles(files), remove: async () => undefined }
  },
})
