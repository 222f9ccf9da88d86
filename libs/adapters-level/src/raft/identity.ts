import { WalrusError } from '@walrus/core'
import { damaged, decodeRecord, encodeRecord } from '../record.js'

/** Whose log it is: a log in the hands of another node would break its promises. */
export interface Identity {
  readonly nodeId: number
  /** The cluster that the node belongs to; null until it knows. */
  readonly clusterId: string | null
}

export function encodeIdentity(identity: Identity): Buffer {
  return encodeRecord(identity.nodeId, JSON.stringify(identity))
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`. */
export function decodeIdentity(where: string, value: Buffer): Identity {
  const { index, payload } = decodeRecord(where, value)
  const { nodeId, clusterId } = parse(where, payload)
  if (nodeId !== index) throw damaged(where, 'it contradicts itself')
  if (clusterId !== null && typeof clusterId !== 'string') throw damaged(where, 'its cluster id is malformed')
  return { nodeId: index, clusterId }
}

/** Throws `INVALID_ARGUMENT` when `found` is another node's. */
export function checkOwner(name: string, found: Identity, nodeId: number): void {
  if (found.nodeId === nodeId) return
  const message = `Cannot open ${name} as node ${nodeId}: it belongs to node ${found.nodeId}`
  throw new WalrusError('INVALID_ARGUMENT', message)
}

function parse(where: string, payload: Buffer): { readonly nodeId?: unknown; readonly clusterId?: unknown } {
  try {
    return JSON.parse(payload.toString()) as object
  } catch {
    throw damaged(where, 'it is malformed')
  }
}
