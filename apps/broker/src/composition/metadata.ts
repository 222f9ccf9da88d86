import { ContainerModule } from 'inversify'
import { openLevelMetadataLog } from '@walrus/adapters-level'
import { MemoryMetadataLog } from '@walrus/adapters-memory'
import type { MetadataLog } from '@walrus/core'
import { peerAddress, type Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** The metadata log of a node that is a cluster by itself. */
export const metadata = new ContainerModule(({ bind }) => {
  bind(Port.metadataLog)
    .toResolvedValue(openMetadataLog, [Port.config, Port.directories, Port.lifetime])
    .inSingletonScope()
})

async function openMetadataLog(config: Config, directories: Directories, lifetime: Lifetime): Promise<MetadataLog> {
  const node = { nodeId: config.nodeId, address: peerAddress(config) }
  if (config.storage === 'memory') return new MemoryMetadataLog(node)
  const log = await openLevelMetadataLog({ ...node, directory: directories.metadata })
  return lifetime.owns(log, (one) => one.close())
}
