export { MemoryBlockFiles, MemoryDisk } from './memory-block-files.js'
export { MemoryMetadataLog, type MemoryMetadataLogOptions } from './memory-metadata-log.js'
