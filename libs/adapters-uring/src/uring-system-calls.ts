import { hasCode, nodeSystemCalls, type SystemCalls } from '@walrus/adapters-fs'
import type { Ring } from './ring.js'

/** Writes, reads and data syncs by the ring, and the space of a new file is taken; the rest is that of `node:fs`. */
export function uringSystemCalls(ring: Ring): SystemCalls {
  return {
    ...nodeSystemCalls,
    truncate: (descriptor, sizeBytes) => reserve(ring, descriptor, sizeBytes),
    write: (descriptor, parts, position) => ring.write(descriptor, parts, position),
    read: (descriptor, bytes, position) => ring.read(descriptor, bytes, position),
    syncData: (descriptor) => ring.syncData(descriptor),
  }
}

/** Some file systems can promise no space: there a full disk shows at a write. */
async function reserve(ring: Ring, descriptor: number, sizeBytes: number): Promise<void> {
  try {
    await ring.reserve(descriptor, sizeBytes)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOTSUP')) throw thrown
    await nodeSystemCalls.truncate(descriptor, sizeBytes)
  }
}
