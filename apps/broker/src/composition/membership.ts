import type { PeerNetwork } from '@walrus/adapters-net'
import type { Clock } from '@walrus/core'
import { openMembership, type AdmissionOptions, type Membership } from '@walrus/membership'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import { ContainerModule } from 'inversify'
import type { Logger } from 'pino'
import { clientAddress, peerAddress, type Config } from '../config.js'
import type { Failure } from '../failure.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'
import type { RaftLog } from './raft-log.js'

/** The node's place in its cluster. */
export const membership = new ContainerModule(({ bind }) => {
  bind(Port.admissionOptions)
    .toResolvedValue(describeSelf, [Port.raftLog, Port.peers, Port.clock, Port.config, Port.logger, Port.stopSignal])
    .inSingletonScope()
  bind(Port.membership)
    .toResolvedValue(enterCluster, [Port.admissionOptions, Port.raftLog, Port.metadataLog, Port.lifetime, Port.failure])
    .inSingletonScope()
})

function describeSelf(
  { identity, clusterId }: RaftLog,
  peers: PeerNetwork,
  clock: Clock,
  config: Config,
  logger: Logger,
  signal: AbortSignal,
): AdmissionOptions {
  const { nodeId, join: seeds } = config
  const address = peerAddress(config, peers.address)
  return {
    self: { nodeId, identity, address, clientAddress: clientAddress(config) ?? '' },
    clusterId: clusterId ?? '',
    seeds,
    peers,
    report: (level, message, fields) => logger[level](fields, message),
    clock,
    random: Math.random,
    signal,
  }
}

async function enterCluster(
  options: AdmissionOptions,
  { clusterId }: RaftLog,
  log: RaftMetadataLog,
  lifetime: Lifetime,
  failure: Failure,
): Promise<Membership> {
  const onRefused = (error: Error) => failure.report(error)
  const membership = await openMembership({ ...options, clusterId: clusterId ?? '', log, onRefused })
  return lifetime.owns(membership, async (one) => one.close())
}
