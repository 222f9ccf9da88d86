export { openLevelMetadataLog, type LevelMetadataLogOptions } from './level-metadata-log.js'
export { openLevelRaftLog, type LevelRaftLog, type LevelRaftLogOptions } from './raft/level-raft-log.js'
