import { WalrusError } from '@walrus/core'
import type { DiskFault } from './disk-world.js'

/** The error that the port gives for a fault which leaves the file usable. */
export function diskError(action: string, name: string, fault: DiskFault): WalrusError {
  return new WalrusError(
    fault === 'ENOSPC' ? 'DISK_FULL' : 'IO_FAILED',
    `Cannot ${action} "${name}": ${REASONS[fault]}`,
  )
}

/** The error of the call that broke the file. */
export function breakingError(action: string, name: string, fault: DiskFault): WalrusError {
  return new WalrusError('FILE_FAILED', `Cannot ${action} "${name}": ${REASONS[fault]}`)
}

const REASONS: Readonly<Record<DiskFault, string>> = {
  EIO: 'i/o error (EIO)',
  ENOSPC: 'no space left on device (ENOSPC)',
}
