import { openFdBlockFiles } from '@walrus/adapters-fs'
import { WalrusError, type BlockFileDirectory } from '@walrus/core'
import { threadRing } from './thread-ring.js'
import { uringSystemCalls } from './uring-system-calls.js'

/**
 * As `openFdBlockFiles` of adapters-fs, and with the same files on disk; bytes move through the io_uring of this thread.
 * Rejects with `IO_FAILED` where there is no io_uring: `probeUring` tells before.
 */
export async function openUringBlockFiles(path: string): Promise<BlockFileDirectory> {
  const ring = threadRing()
  if ('reason' in ring) throw new WalrusError('IO_FAILED', `Cannot open "${path}" with io_uring: ${ring.reason}`)
  return openFdBlockFiles(path, { systemCalls: uringSystemCalls(ring) })
}
