import type { Broker } from './broker.js'
import type { Config } from './config.js'

/** What a node says once it can be talked to: who and where it is, what its word is worth, and how to talk to it. */
export function readyLine(config: Config, broker: Pick<Broker, 'clientAddress' | 'storage' | 'directory'>): string {
  const { clientAddress, storage, directory } = broker
  return [
    `Walrus node ${config.nodeId} is ready: clients on ${clientAddress}`,
    storage === 'memory' ? 'storage memory' : `storage ${storage} in ${directory}`,
    `${durabilityWords(config)}. Talk to it: npx walrus-cli --addr ${reachable(clientAddress)}`,
  ].join(', ')
}

function durabilityWords({ storage, fsync }: Pick<Config, 'storage' | 'fsync'>): string {
  if (storage === 'memory') return 'nothing is kept when it stops'
  switch (fsync.kind) {
    case 'each':
      return 'acknowledged after fsync'
    case 'interval':
      return `acknowledged after write, fsync every ${fsync.milliseconds} ms`
    case 'none':
      return 'acknowledged after write, no fsync'
  }
}

/** An address that a client on this machine can use, where the node listens on all of them. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
}
