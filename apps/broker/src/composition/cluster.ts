import { ContainerModule } from 'inversify'
import type { PeerNetwork } from '@walrus/adapters-net'
import { nodeClientService, openNode, type ClusterNode, type Report } from '@walrus/cluster'
import {
  DEFAULT_TOPIC_CONFIG,
  type Clock,
  type EventTrace,
  type LogStorage,
  type MetadataLog,
  type PeerMessaging,
  type TopicConfig,
} from '@walrus/core'
import type { Membership } from '@walrus/membership'
import type { Logger } from 'pino'
import { peerAddress, type Config } from '../config.js'
import type { Lifetime } from '../lifetime.js'
import { batchBytesMax } from './peers.js'
import { Port } from './port.js'

/** The use cases of the node, over its storage and its metadata. */
export const cluster = new ContainerModule(({ bind }) => {
  bind(Port.node)
    .toResolvedValue(openClusterNode, [
      Port.logStorage,
      Port.metadataLog,
      Port.peers,
      Port.membership,
      Port.clock,
      Port.eventTrace,
      Port.config,
      Port.logger,
      Port.lifetime,
    ])
    .inSingletonScope()
  bind(Port.clientService)
    .toResolvedValue((node: ClusterNode, clock: Clock) => nodeClientService(node, clock), [Port.node, Port.clock])
    .inSingletonScope()
})

async function openClusterNode(
  storage: LogStorage,
  metadata: MetadataLog,
  peers: PeerNetwork,
  membership: Membership,
  clock: Clock,
  trace: EventTrace | undefined,
  config: Config,
  logger: Logger,
  lifetime: Lifetime,
): Promise<ClusterNode> {
  const report: Report = (level, message, fields) => logger[level](fields, message)
  const { maxSegmentEntries: segmentEntriesMax, replicationFactor, ack } = config
  const { heartbeatMs, leaseMs, silenceMs, replaceDeadAfterMs } = config
  const topicConfig: TopicConfig = { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax, replicationFactor, ack }
  const { monitorCheckMs: monitorIntervalMs, requestTimeoutMs } = config
  const node = await openNode({
    nodeId: config.nodeId,
    address: peerAddress(config, peers.address),
    storage,
    metadata,
    clock,
    report,
    ...(trace && { trace }),
    peers: messagingOver(peers),
    removeMember: (id, timeoutMs) => membership.removeNode(id, timeoutMs),
    topicConfig,
    segmentLimits: { segmentEntriesMax },
    limits: {
      batchBytesMax: batchBytesMax(config.maxFrameBytes),
      monitorIntervalMs,
      requestTimeoutMs,
      heartbeatMs,
      leaseMs,
      silenceMs,
      replaceDeadAfterMs,
    },
  })
  return lifetime.owns(node, (one) => one.close())
}

/** Only nodes of the same cluster are answered. */
function messagingOver(network: PeerNetwork): PeerMessaging {
  return {
    request: (node, kind, payload, timeoutMs) => network.request(node, kind, payload, timeoutMs),
    handle: (kind, handler) => network.handle(kind, 'members', (payload, { nodeId }) => handler(payload, nodeId)),
  }
}
