import type { Attack } from './attack.js'
import { clientNoise, halfFrames, hugeFrames, neverReads } from './attacks/clients.js'
import { idleConnections, openAndClose, slowLoris } from './attacks/connections.js'
import { peerNoise, peerNonsense } from './attacks/peers.js'

/** Everything that is done to a node. An attack exists when it is in this list. */
export const attacks: readonly Attack[] = [
  clientNoise,
  hugeFrames,
  halfFrames,
  neverReads,
  idleConnections,
  slowLoris,
  openAndClose,
  peerNoise,
  peerNonsense,
]
