import type { PeerFrame } from '@walrus/protocol'
import type { Message, NodeId } from '@walrus/raft'
import type { PeerChannel } from './peer-channel.js'
import type { PeerContext } from './peer-context.js'
import { RequestReceiver, type RequestReceiverOptions } from './request-receiver.js'
import { SnapshotReceiver, type SnapshotSlots } from './snapshot-receiver.js'

/** What a connection from outside does with the frames of its purpose. */
export interface IncomingRole {
  /** False: the frame does not belong on a connection of this purpose. */
  receive(frame: PeerFrame): boolean
  onDrain(): void
  /** Resolves once everything that was received is answered. */
  whenIdle(): Promise<void>
  /** The connection is gone. */
  close(): void
}

export interface ConsensusRoleOptions {
  readonly context: PeerContext
  readonly channel: PeerChannel
  /** The node on the other side. */
  readonly nodeId: NodeId
  readonly onMessage: (message: Message, snapshotData?: Uint8Array) => void
}

/** Takes messages of Raft. */
export function raftRole(options: ConsensusRoleOptions): IncomingRole {
  return {
    ...silent,
    receive: (frame) => {
      if (frame.kind !== 'raft') return false
      if (isForThisNode(frame.message, options)) options.onMessage(frame.message)
      return true
    },
  }
}

/** Takes snapshots. */
export function bulkRole(options: ConsensusRoleOptions & { readonly slots: SnapshotSlots }): IncomingRole {
  const receiver = new SnapshotReceiver({
    ...options,
    accepts: (message) => isForThisNode(message, options),
    onSnapshot: options.onMessage,
  })
  return {
    ...silent,
    receive: (frame) => {
      if (frame.kind === 'snapshotBegin') receiver.begin(frame)
      else if (frame.kind === 'snapshotChunk') receiver.chunk(frame)
      else return false
      return true
    },
    close: () => receiver.close(),
  }
}

/** Answers requests. */
export function requestRole(options: RequestReceiverOptions): IncomingRole {
  const receiver = new RequestReceiver(options)
  return {
    receive: (frame) => {
      if (frame.kind !== 'request') return false
      receiver.receive(frame)
      return true
    },
    onDrain: () => receiver.onDrain(),
    whenIdle: () => receiver.whenIdle(),
    close: () => receiver.close(),
  }
}

const silent = {
  onDrain: () => undefined,
  whenIdle: () => Promise.resolve(),
  close: () => undefined,
}

/** A message that went astray, by a mistake in somebody's addresses, must not reach the core: it would be believed. */
function isForThisNode(message: Message, { context, nodeId }: ConsensusRoleOptions): boolean {
  const reason = misdirection(message, context.identity.nodeId, nodeId)
  if (reason !== undefined) context.onEvent({ kind: 'message-misdirected', nodeId, reason })
  return reason === undefined
}

function misdirection({ type, from, to }: Message, selfId: NodeId, peerId: NodeId): string | undefined {
  if (to !== selfId) return `${type} is for node ${to}`
  // These are passed on from node to node, or name another node as their sender by design.
  if (type === 'Propose' || type === 'ReadIndex' || type === 'TransferLeader') return undefined
  return from === peerId ? undefined : `${type} says that it is from node ${from}`
}
