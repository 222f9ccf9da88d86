import type { ServiceIdentifier } from 'inversify'
import type { ClientListener } from '@walrus/adapters-net'
import type { ClientService, ClusterNode } from '@walrus/cluster'
import type { BlockFileDirectory, Clock, LogStorage, MetadataLog } from '@walrus/core'
import type { StorageBackend } from '@walrus/embedded'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Lifetime } from '../lifetime.js'

/** What the container knows, by name. */
export const Port = {
  config: name<Config>('config'),
  logger: name<Logger>('logger'),
  lifetime: name<Lifetime>('lifetime'),
  clock: name<Clock>('clock'),
  directories: name<Directories>('directories'),
  storageBackend: name<StorageBackend>('storage backend'),
  blockFiles: name<BlockFileDirectory>('block files'),
  logStorage: name<LogStorage>('log storage'),
  metadataLog: name<MetadataLog>('metadata log'),
  node: name<ClusterNode>('node'),
  clientService: name<ClientService>('client service'),
  clientListener: name<ClientListener>('client listener'),
}

function name<Service>(words: string): ServiceIdentifier<Service> {
  return Symbol(words)
}
