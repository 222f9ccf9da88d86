import { DEFAULT_PEER_LIMITS, openPeerNetwork, type PeerEvent, type PeerNetwork } from '@walrus/adapters-net'
import type { Clock } from '@walrus/core'
import { ContainerModule } from 'inversify'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'
import type { RaftLog } from './raft-log.js'

/** The port that other nodes connect to, and the connections to them. */
export const peers = new ContainerModule(({ bind }) => {
  bind(Port.peers)
    .toResolvedValue(listen, [Port.raftLog, Port.clock, Port.config, Port.logger, Port.lifetime])
    .inSingletonScope()
})

async function listen(
  { clusterId }: RaftLog,
  clock: Clock,
  { raftHost: host, raftPort: port, nodeId, maxFrameBytes, peerAddresses: redirects }: Config,
  logger: Logger,
  lifetime: Lifetime,
): Promise<PeerNetwork> {
  const network = await openPeerNetwork({
    host,
    port,
    nodeId,
    clusterId: clusterId ?? '',
    clock,
    random: Math.random,
    redirects,
    onEvent: (event) => logEvent(logger, event),
    timings: { backoffMaxMs: BACKOFF_MS_MAX },
    limits: { maxFrameBytes: batchBytesMax(maxFrameBytes) + FRAME_ROOM_BYTES },
  })
  return lifetime.owns(network, (one) => one.close())
}

/** A node that is back is to be found soon. */
const BACKOFF_MS_MAX = 500

/** What a client may send at once has to get from one node to another. */
export function batchBytesMax(maxFrameBytes: number): number {
  return Math.max(DEFAULT_PEER_LIMITS.maxFrameBytes - FRAME_ROOM_BYTES, maxFrameBytes)
}

/** For what a batch is wrapped in on its way: the state of a topic, most of all. */
const FRAME_ROOM_BYTES = 1024 * 1024

function logEvent(logger: Logger, event: PeerEvent): void {
  const { kind, ...fields } = event
  logger[levelOf(event)](fields, `Peers: ${kind.replaceAll('-', ' ')}`)
}

function levelOf(event: PeerEvent): 'debug' | 'info' | 'warn' | 'error' {
  switch (event.kind) {
    case 'peer-connected':
    case 'peer-disconnected':
    case 'connection-opened':
    case 'connection-closed':
    case 'snapshot-sent':
    case 'snapshot-received':
      return 'debug'
    case 'dial-failed':
      // Only the first in a row: the others are as many as the patience of both sides. Whoever asks an address tells it himself.
      return event.attempt === 1 && event.nodeId !== 0 ? 'info' : 'debug'
    case 'dial-refused':
    case 'connection-refused':
      // The members dial a node as soon as they know of it, and it listens to them as soon as it knows that they do.
      return event.cause === 'joining' ? 'debug' : 'warn'
    case 'handshake-failed':
    case 'queue-overflowed':
    case 'message-unsendable':
    case 'message-misdirected':
    case 'snapshot-not-sent':
    case 'snapshot-refused':
      return 'warn'
    case 'accept-failed':
    case 'handler-failed':
      return 'error'
  }
}
