import { systemClock } from '@walrus/adapters-fs'
import type { Message, NodeId, RaftTransportEvents } from '@walrus/raft'
import { seededRandom } from '@walrus/testing'
import type { PeerEvent } from './peer-event.js'
import { DEFAULT_PEER_TIMINGS, type PeerTimings } from './peer-limits.js'
import { openPeerNetwork, type PeerNetwork, type PeerNetworkOptions } from './peer-network.js'

/** Short enough that a test need not wait, long enough that a slow machine is not taken for a dead peer. */
export const QUICK_TIMINGS: PeerTimings = { ...DEFAULT_PEER_TIMINGS, backoffMinMs: 2, backoffMaxMs: 20 }

/** A node that remembers what it was told. */
export interface TestPeer {
  readonly nodeId: NodeId
  readonly network: PeerNetwork
  readonly events: PeerEvent[]
  readonly messages: Message[]
  readonly snapshots: Uint8Array[]
  readonly unreachable: NodeId[]
}

/** Opens nodes, and closes them all. */
export class PeerHarness {
  #peers: TestPeer[] = []

  async open(nodeId: NodeId, options: Partial<PeerNetworkOptions> = {}): Promise<TestPeer> {
    const events: PeerEvent[] = []
    const network = await openPeerNetwork({
      host: '127.0.0.1',
      port: 0,
      nodeId,
      clusterId: 'blue',
      clock: systemClock(),
      random: seededRandom(nodeId),
      onEvent: (event) => events.push(event),
      ...options,
      timings: { ...QUICK_TIMINGS, ...options.timings },
    })
    const peer: TestPeer = { nodeId, network, events, messages: [], snapshots: [], unreachable: [] }
    network.attach(recorder(peer))
    this.#peers.push(peer)
    return peer
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#peers.splice(0).map(({ network }) => network.close()))
  }
}

function recorder({ messages, snapshots, unreachable }: TestPeer): RaftTransportEvents {
  return {
    onMessage: (message, data) => {
      if (data === undefined) messages.push(message)
      else snapshots.push(data)
    },
    onUnreachable: (id) => unreachable.push(id),
  }
}

/** Gives `one` the address of `other`, and of nobody else. */
export function point(one: TestPeer, other: TestPeer, address = other.network.address): void {
  one.network.setAddresses(new Map([[other.nodeId, address]]))
}

/** Waits until the condition holds, and does something now and then that brings it about. Mocha's timeout is the limit. */
export async function until(condition: () => boolean, nudge: () => void = () => undefined): Promise<void> {
  while (!condition()) {
    nudge()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** The first event of that kind; waits for it. */
export async function event<Kind extends PeerEvent['kind']>(
  { events }: TestPeer,
  kind: Kind,
  matches: (event: Extract<PeerEvent, { kind: Kind }>) => boolean = () => true,
): Promise<Extract<PeerEvent, { kind: Kind }>> {
  const find = () =>
    events.find((one): one is Extract<PeerEvent, { kind: Kind }> => one.kind === kind && matches(one as never))
  await until(() => find() !== undefined)
  return find() as Extract<PeerEvent, { kind: Kind }>
}
