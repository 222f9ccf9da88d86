import { ContainerModule } from 'inversify'
import type { PeerNetwork } from '@walrus/adapters-net'
import { openNode, textService, type ClusterNode, type Report } from '@walrus/cluster'
import { DEFAULT_TOPIC_CONFIG, type Clock, type LogStorage, type MetadataLog } from '@walrus/core'
import type { Logger } from 'pino'
import { peerAddress, type Config } from '../config.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** The use cases of the node, over its storage and its metadata. */
export const cluster = new ContainerModule(({ bind }) => {
  bind(Port.node)
    .toResolvedValue(openClusterNode, [
      Port.logStorage,
      Port.metadataLog,
      Port.peers,
      Port.clock,
      Port.config,
      Port.logger,
      Port.lifetime,
    ])
    .inSingletonScope()
  bind(Port.clientService).toResolvedValue(textService, [Port.node]).inSingletonScope()
})

async function openClusterNode(
  storage: LogStorage,
  metadata: MetadataLog,
  peers: PeerNetwork,
  clock: Clock,
  config: Config,
  logger: Logger,
  lifetime: Lifetime,
): Promise<ClusterNode> {
  const report: Report = (level, message, fields) => logger[level](fields, message)
  const segmentLimits = { segmentEntriesMax: config.maxSegmentEntries }
  const node = await openNode({
    nodeId: config.nodeId,
    address: peerAddress(config, peers.address),
    storage,
    metadata,
    clock,
    report,
    topicConfig: { ...DEFAULT_TOPIC_CONFIG, ...segmentLimits },
    segmentLimits,
    limits: { monitorIntervalMs: config.monitorCheckMs, requestTimeoutMs: config.requestTimeoutMs },
  })
  return lifetime.owns(node, (one) => one.close())
}
