import { WalrusError } from '@walrus/core'

/** The disk of this node has no room: that is what was thrown, or why. */
export function isDiskFull(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof WalrusError && error.code === 'DISK_FULL') return true
  }
  return false
}
