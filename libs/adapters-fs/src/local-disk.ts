import type { BlockFileDirectory, Checksum, Clock } from '@walrus/core'
import { nativeChecksum } from './checksum.js'
import { openFdBlockFiles } from './fd-block-files.js'
import { systemClock } from './system-clock.js'

/** All that the storage engine needs of a machine. */
export interface LocalDisk {
  readonly directory: BlockFileDirectory
  readonly clock: Clock
  readonly checksum: Checksum
}

/**
 * A directory of this machine, made if it is absent, for the engine to stand on: `Walrus.open({ ...(await localDisk('data')) })`.
 * Rejects with `DIRECTORY_LOCKED` while another owner has it.
 */
export async function localDisk(path: string): Promise<LocalDisk> {
  return { directory: await openFdBlockFiles(path), clock: systemClock(), checksum: nativeChecksum }
}
