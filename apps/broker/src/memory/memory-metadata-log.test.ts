import { metadataLogSuite } from '@walrus/testing'
import { MemoryMetadataLog } from './memory-metadata-log.js'

metadataLogSuite({
  name: 'memory of a broker',
  nodeId: 1,
  place: async () => {
    let last: MemoryMetadataLog | undefined
    return {
      open: async () => {
        last = new MemoryMetadataLog({ nodeId: 1, address: '127.0.0.1:6000', ...(last && { state: last.state }) })
        return last
      },
      remove: async () => undefined,
    }
  },
})
