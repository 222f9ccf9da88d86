import { ContainerModule } from 'inversify'
import { nativeChecksum, withQuota } from '@walrus/adapters-fs'
import { WalrusError, type BlockFileDirectory, type Clock } from '@walrus/core'
import { openBackend, resolveBackend, type StorageBackend } from '@walrus/embedded'
import { openLogStorage } from '@walrus/wal'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** The log: block files of the chosen backend, and the storage engine on them, which owns them. */
export const storage = new ContainerModule(({ bind }) => {
  bind(Port.storageBackend).toResolvedValue(chooseBackend, [Port.config]).inSingletonScope()
  bind(Port.blockFiles)
    .toResolvedValue(openBlockFiles, [Port.storageBackend, Port.directories, Port.config])
    .inSingletonScope()
  bind(Port.logStorage)
    .toResolvedValue(openStorage, [Port.blockFiles, Port.clock, Port.config, Port.logger, Port.lifetime])
    .inSingletonScope()
})

function chooseBackend({ storage: choice, disableIoUring, diskQuotaBytes }: Config): StorageBackend {
  if (choice === 'uring' && disableIoUring)
    throw new WalrusError('UNAVAILABLE', `Cannot use storage "${choice}": WALRUS_DISABLE_IO_URING is set`)
  if (choice === 'memory' && diskQuotaBytes > 0)
    throw new WalrusError('INVALID_ARGUMENT', `Cannot use --disk-quota-bytes "${diskQuotaBytes}": memory is no disk`)
  return resolveBackend(choice)
}

async function openBlockFiles(
  backend: StorageBackend,
  directories: Directories,
  { diskQuotaBytes }: Config,
): Promise<BlockFileDirectory> {
  const { directory } = await openBackend(backend, directories.log)
  return diskQuotaBytes === 0 ? directory : withQuota(directory, diskQuotaBytes)
}

async function openStorage(
  directory: BlockFileDirectory,
  clock: Clock,
  { fsync, blockFileBytes }: Config,
  logger: Logger,
  lifetime: Lifetime,
) {
  const files = lifetime.owns(directory, (one) => one.close())
  const onProblem = (error: Error) => logger.error({ err: error }, 'Storage has a problem')
  const options = { directory: files, clock, checksum: nativeChecksum, fsync, fileBytes: blockFileBytes, onProblem }
  return lifetime.owns(await openLogStorage(options), (one) => one.close())
}
