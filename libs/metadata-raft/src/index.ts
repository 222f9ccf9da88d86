export { openRaftMetadataLog, type RaftMetadataLog, type RaftMetadataLogOptions } from './raft-metadata-log.js'
