export { RaftCore } from './core/raft-core.js'
