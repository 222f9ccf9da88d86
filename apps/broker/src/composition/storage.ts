import { ContainerModule } from 'inversify'
import { nativeChecksum, openFdBlockFiles } from '@walrus/adapters-fs'
import { MemoryBlockFiles } from '@walrus/adapters-memory'
import type { BlockFileDirectory, Clock } from '@walrus/core'
import { openLogStorage } from '@walrus/wal'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** The log: block files of the chosen backend, and the storage engine on them, which owns them. */
export const storage = new ContainerModule(({ bind }) => {
  bind(Port.blockFiles).toResolvedValue(openBlockFiles, [Port.config, Port.directories]).inSingletonScope()
  bind(Port.logStorage)
    .toResolvedValue(openStorage, [Port.blockFiles, Port.clock, Port.config, Port.logger, Port.lifetime])
    .inSingletonScope()
})

async function openBlockFiles(config: Config, directories: Directories): Promise<BlockFileDirectory> {
  switch (config.storage) {
    case 'memory':
      return MemoryBlockFiles.open()
    case 'auto':
    case 'fd':
      return openFdBlockFiles(directories.log)
  }
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
