import { nativeChecksum, systemClock } from '@walrus/adapters-fs'
import { Walrus as Engine, type WalrusOptions as EngineOptions } from '@walrus/wal'
import { instanceFolder, type InstanceName } from './instance-folder.js'
import { openBackend, type StorageChoice } from './storage-backend.js'

/** Which instance, on which backend, and how it behaves. Everything has a default. */
export interface WalrusOptions extends InstanceName, Omit<EngineOptions, 'directory' | 'clock' | 'checksum'> {
  /** Default: `auto`. */
  readonly storage?: StorageChoice
}

/**
 * Opens an instance of the engine in this process. Rejects with `DIRECTORY_LOCKED` while its directory has another owner,
 * with `UNAVAILABLE` for a backend that was named and cannot be had, and as `Walrus.open` of the engine does.
 */
export async function openWalrus(options: WalrusOptions = {}): Promise<Engine> {
  const { path, key, storage = 'auto', ...engine } = options
  const name = { ...(path !== undefined && { path }), ...(key !== undefined && { key }) }
  const { directory } = await openBackend(storage, instanceFolder(name, process.env))
  return Engine.open({ ...engine, directory, clock: systemClock(), checksum: nativeChecksum })
}
