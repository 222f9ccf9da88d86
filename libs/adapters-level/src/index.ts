export { openLevelMetadataLog, type LevelMetadataLogOptions } from './level-metadata-log.js'
