export { openLevelRaftLog, type LevelRaftLog, type LevelRaftLogOptions } from './raft/level-raft-log.js'
