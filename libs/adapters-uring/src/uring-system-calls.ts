import { nodeSystemCalls, type SystemCalls } from '@walrus/adapters-fs'
import type { Ring } from './ring.js'

/** Writes, reads and data syncs by the ring; what happens once a file, by `node:fs`. */
export function uringSystemCalls(ring: Ring): SystemCalls {
  return {
    ...nodeSystemCalls,
    write: (descriptor, parts, position) => ring.write(descriptor, parts, position),
    read: (descriptor, bytes, position) => ring.read(descriptor, bytes, position),
    syncData: (descriptor) => ring.syncData(descriptor),
  }
}
