import type { ServiceIdentifier } from 'inversify'
import type { ClientListener, PeerNetwork } from '@walrus/adapters-net'
import type { ClientService, ClusterNode } from '@walrus/cluster'
import type { BlockFileDirectory, Clock, EventTrace, LogStorage } from '@walrus/core'
import type { AdmissionOptions, Membership } from '@walrus/membership'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import type { StorageBackend } from '@walrus/embedded'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Failure } from '../failure.js'
import type { Lifetime } from '../lifetime.js'
import type { RaftLog } from './raft-log.js'

/** What the container knows, by name. */
export const Port = {
  config: name<Config>('config'),
  logger: name<Logger>('logger'),
  lifetime: name<Lifetime>('lifetime'),
  failure: name<Failure>('failure'),
  stopSignal: name<AbortSignal>('stop signal'),
  clock: name<Clock>('clock'),
  eventTrace: name<EventTrace | undefined>('event trace'),
  directories: name<Directories>('directories'),
  storageBackend: name<StorageBackend>('storage backend'),
  blockFiles: name<BlockFileDirectory>('block files'),
  logStorage: name<LogStorage>('log storage'),
  raftLog: name<RaftLog>('Raft log'),
  peers: name<PeerNetwork>('peers'),
  metadataLog: name<RaftMetadataLog>('metadata log'),
  admissionOptions: name<AdmissionOptions>('what the node says to its cluster'),
  membership: name<Membership>('membership'),
  node: name<ClusterNode>('node'),
  clientService: name<ClientService>('client service'),
  clientListener: name<ClientListener>('client listener'),
}

function name<Service>(words: string): ServiceIdentifier<Service> {
  return Symbol(words)
}
