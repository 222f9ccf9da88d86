import { WalrusError } from '@walrus/core'
import { damaged, decodeRecord, encodeRecord, fieldsOf } from '../record.js'

/** Whose log it is: a log in the hands of another node would break its promises. */
export interface Identity {
  readonly nodeId: number
  /** Drawn when the log was made: another log of a node with the same id has another one. */
  readonly identity: string
  /** The cluster that the node belongs to; null until it knows. */
  readonly clusterId: string | null
  /** The cluster began with this node: when its log is empty, that is because it was not begun yet. */
  readonly isFounder: boolean
}

export function encodeIdentity(identity: Identity): Buffer {
  return encodeRecord(identity.nodeId, JSON.stringify(identity))
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`. */
export function decodeIdentity(where: string, value: Buffer): Identity {
  const { index, payload } = decodeRecord(where, value)
  const { nodeId, identity, clusterId, isFounder } = fieldsOf(where, payload.toString())
  if (nodeId !== index) throw damaged(where, 'it contradicts itself')
  if (typeof identity !== 'string' || identity === '') throw damaged(where, 'its identity is malformed')
  if (clusterId !== null && typeof clusterId !== 'string') throw damaged(where, 'its cluster id is malformed')
  if (typeof isFounder !== 'boolean') throw damaged(where, 'its origin is malformed')
  return { nodeId: index, identity, clusterId, isFounder }
}

/** Throws `INVALID_ARGUMENT` when `found` is another node's. */
export function checkOwner(name: string, found: Identity, nodeId: number): void {
  if (found.nodeId === nodeId) return
  const message = `Cannot open ${name} as node ${nodeId}: it belongs to node ${found.nodeId}`
  throw new WalrusError('INVALID_ARGUMENT', message)
}
