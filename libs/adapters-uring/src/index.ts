export { openUringBlockFiles } from './uring-block-files.js'
export { probeUring } from './thread-ring.js'
