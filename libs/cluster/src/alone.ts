import { WalrusError, type PeerMessaging } from '@walrus/core'
import type { Replication } from './open-segment.js'

/** There is no other node. */
export const NO_PEERS: PeerMessaging = {
  request: (node) => Promise.reject(new WalrusError('UNAVAILABLE', `Cannot ask node ${node}: there are no peers`)),
  handle: () => undefined,
}

/** There are no copies on other nodes, and metadata does not speak of any. */
export function noReplication(): Replication {
  const unavailable = (): WalrusError =>
    new WalrusError('UNAVAILABLE', 'Cannot replicate: this node runs without replication')
  return {
    lead: () => {
      throw unavailable()
    },
    inheritState: () => Promise.reject(unavailable()),
    committedCount: () => 0,
    forceSeal: () => Promise.reject(unavailable()),
    renew: () => undefined,
    close: () => Promise.resolve(),
  }
}
