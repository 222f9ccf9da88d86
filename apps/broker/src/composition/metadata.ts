import { randomInt, randomUUID } from 'node:crypto'
import type { PeerNetwork } from '@walrus/adapters-net'
import type { Clock, EventTrace } from '@walrus/core'
import { findCluster, type AdmissionOptions } from '@walrus/membership'
import { openRaftMetadataLog, type RaftMetadataLog } from '@walrus/metadata-raft'
import { emptyConfState, noNode, type RaftNodeEvents } from '@walrus/raft'
import { ContainerModule } from 'inversify'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Directories } from '../directories.js'
import type { Failure } from '../failure.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'
import { openRaftLog, type RaftLog } from './raft-log.js'

/** The metadata of the cluster, replicated by Raft; a node alone is a cluster of one. */
export const metadata = new ContainerModule(({ bind }) => {
  bind(Port.raftLog)
    .toResolvedValue(openOwnedRaftLog, [Port.config, Port.directories, Port.lifetime])
    .inSingletonScope()
  bind(Port.metadataLog)
    .toResolvedValue(openMetadataLog, [
      Port.raftLog,
      Port.peers,
      Port.admissionOptions,
      Port.clock,
      Port.config,
      Port.eventTrace,
      Port.logger,
      Port.lifetime,
      Port.failure,
    ])
    .inSingletonScope()
})

async function openOwnedRaftLog(config: Config, directories: Directories, lifetime: Lifetime): Promise<RaftLog> {
  return lifetime.owns(await openRaftLog(config, directories), (one) => one.close())
}

async function openMetadataLog(
  store: RaftLog,
  peers: PeerNetwork,
  admissionOptions: AdmissionOptions,
  clock: Clock,
  config: Config,
  trace: EventTrace | undefined,
  logger: Logger,
  lifetime: Lifetime,
  failure: Failure,
): Promise<RaftMetadataLog> {
  const { nodeId, address } = admissionOptions.self
  const addresses = await findCluster({
    ...admissionOptions,
    record: store,
    adoptCluster: (clusterId) => peers.adoptCluster(clusterId),
    newClusterId: randomUUID,
  })
  const log = await openRaftMetadataLog({
    nodeId,
    address,
    addresses,
    store,
    connect: (events) => {
      peers.attach(events)
      return peers
    },
    clock,
    ...(trace && { trace }),
    random: (bound) => randomInt(bound),
    limits: { snapshotLogBytesMin: config.metadataSnapshotBytes },
    ...(store.isFounder && { bootstrap: { ...emptyConfState, voters: [nodeId] } }),
    events: { onFatal: (error) => failure.report(error), ...loggedEvents(store, logger) },
  })
  return lifetime.owns(log, (one) => one.close())
}

/** Of a node alone, nobody wants to read that it leads itself, and of a node that joins that it is on its way. */
function loggedEvents(store: RaftLog, logger: Logger): Pick<RaftNodeEvents, 'onLeadership' | 'onMembership'> {
  let { voters: known } = store.initialState().confState
  return {
    onLeadership: ({ role, leader, term }) => {
      const level = known.length > 1 && leader !== noNode ? 'info' : 'debug'
      logger[level]({ role, leader, term }, 'Raft: leadership changed')
    },
    onMembership: ({ voters, learners }) => {
      const level = voters.join() === known.join() ? 'debug' : 'info'
      known = voters
      logger[level]({ voters, learners }, 'Raft: membership changed')
    },
  }
}
