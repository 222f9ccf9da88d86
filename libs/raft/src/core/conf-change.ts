import { RaftError } from './errors.js'
import { type ProposedEntry } from './entry.js'
import { emptyBytes, type NodeId } from './types.js'

/** `update` changes nothing in Raft: it passes through the log for the application, which may tie an address to it. */
export type ConfChangeType = 'addVoter' | 'addLearner' | 'remove' | 'update'

/** What shall happen to one member. The id 0 is ignored: an application may blank a change that it refuses. */
export interface SingleChange {
  readonly type: ConfChangeType
  readonly id: NodeId
}

/**
 * How several changes become one (thesis, section 4.3). `auto`: one change directly, several through a joint
 * configuration that the leader leaves on its own. `implicit`: always joint, left automatically. `explicit`: always
 * joint, left by proposing a change without changes.
 */
export type Transition = 'auto' | 'implicit' | 'explicit'

/** A change of the membership. Without `changes` and with transition `auto` it leaves a joint configuration. */
export interface ConfChange {
  readonly transition: Transition
  readonly changes: readonly SingleChange[]
}

/** Leaves a joint configuration. */
export const leaveJointChange: ConfChange = { transition: 'auto', changes: [] }

export function leavesJoint(change: ConfChange): boolean {
  return change.transition === 'auto' && change.changes.length === 0
}

export function entersJoint(change: ConfChange): boolean {
  return change.transition !== 'auto' || change.changes.length > 1
}

export function leavesAutomatically(change: ConfChange): boolean {
  return change.transition !== 'explicit'
}

/** Whether an entry carries a membership change: then whoever applies it calls `applyConfChange`. */
export function isConfChange(entry: ProposedEntry): boolean {
  return entry.type !== 'normal'
}

// Byte form of a change, inside the data of an entry. No bytes at all stand for `leaveJointChange`: an entry without
// data is never refused for its size.
//
//   version (1) | transition (1) | repeated: type (1), id (8, little endian)
const version = 1
const headerBytes = 2
const changeBytes = 9
const transitions: readonly Transition[] = ['auto', 'implicit', 'explicit']
const types: readonly ConfChangeType[] = ['addVoter', 'addLearner', 'remove', 'update']

/** The data of an entry that carries `change`. Ids must be safe integers. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  if (leavesJoint(change)) return emptyBytes
  const bytes = new Uint8Array(headerBytes + change.changes.length * changeBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint8(1, transitions.indexOf(change.transition))
  change.changes.forEach(({ type, id }, at) => {
    const position = headerBytes + at * changeBytes
    view.setUint8(position, types.indexOf(type))
    view.setBigUint64(position + 1, BigInt(id), true)
  })
  return bytes
}

/** Undefined when the bytes were not made by `encodeConfChange`: they may come from another member. */
export function parseConfChange(data: Uint8Array): ConfChange | undefined {
  if (data.length === 0) return leaveJointChange
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const transition = data.length > 1 ? transitions[view.getUint8(1)] : undefined
  if (view.getUint8(0) !== version || transition === undefined) return undefined
  if ((data.length - headerBytes) % changeBytes !== 0) return undefined
  const changes: SingleChange[] = []
  for (let position = headerBytes; position < data.length; position += changeBytes) {
    const type = types[view.getUint8(position)]
    const id = Number(view.getBigUint64(position + 1, true))
    if (type === undefined || !Number.isSafeInteger(id)) return undefined
    changes.push({ type, id })
  }
  return { transition, changes }
}

/** The change in the data of an entry. Throws `RaftError` with code `RAFT_MALFORMED_CONF_CHANGE`. */
export function decodeConfChange(data: Uint8Array): ConfChange {
  const change = parseConfChange(data)
  if (change !== undefined) return change
  const message = `Cannot decode a membership change of ${data.length} bytes: unknown form`
  throw new RaftError('RAFT_MALFORMED_CONF_CHANGE', message)
}
