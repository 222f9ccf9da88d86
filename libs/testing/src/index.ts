export { ManualClock, type ManualClockOptions } from './manual-clock.js'
export { MemoryBlockFiles, MemoryDisk } from './memory-block-files.js'
export { randomBelow, seededRandom, type Random } from './seeded-random.js'
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js'
