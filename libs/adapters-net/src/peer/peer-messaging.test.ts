import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '@walrus/adapters-fs'
import type { NodeId } from '@walrus/core'
import { peerMessagingSuite, seededRandom, type OpenPeerMessaging } from '@walrus/testing'
import { QUICK_TIMINGS } from './peer-harness.test.js'
import { DEFAULT_PEER_LIMITS } from './peer-limits.js'
import { openPeerNetwork, type PeerNetwork } from './peer-network.js'

const LIMITS = { ...DEFAULT_PEER_LIMITS, maxFrameBytes: 100_000, maxRequestsInFlight: 4, maxRequestsWaiting: 4 }

peerMessagingSuite({
  name: 'tcp',
  limits: { takenBytes: 99_000, refusedBytes: 100_000, takenQuestions: 4 },
  place: () => {
    const networks = new Map<NodeId, PeerNetwork>()
    const addresses = new Map<NodeId, string>()
    return Promise.resolve({
      open: async (nodeId) => {
        const network = await open(nodeId, addresses.get(nodeId))
        networks.set(nodeId, network)
        addresses.set(nodeId, network.address)
        for (const one of networks.values()) one.setAddresses(addresses)
        return messagingOver(network)
      },
      pass: (milliseconds) => delay(milliseconds),
      remove: () => Promise.resolve(),
    })
  },
})

function open(nodeId: NodeId, address = '127.0.0.1:0'): Promise<PeerNetwork> {
  return openPeerNetwork({
    host: '127.0.0.1',
    port: Number(address.split(':')[1]),
    nodeId,
    clusterId: 'blue',
    clock: systemClock(),
    random: seededRandom(nodeId),
    onEvent: () => undefined,
    timings: { ...QUICK_TIMINGS, closeTimeoutMs: 20 },
    limits: LIMITS,
  })
}

function messagingOver(network: PeerNetwork): OpenPeerMessaging {
  return {
    messaging: {
      request: (node, kind, payload, timeoutMs) => network.request(node, kind, payload, timeoutMs),
      handle: (kind, handler) => network.handle(kind, 'members', (payload, { nodeId }) => handler(payload, nodeId)),
    },
    close: () => network.close(),
  }
}
