import { type Message } from '../core/message.js'
import { type NodeId } from '../core/types.js'

/** Carries messages between members. May lose, repeat and reorder them; never alters them. */
export interface RaftTransport {
  /** Queues the message for its `to`; never blocks and never throws: what cannot be sent is lost, and told to `onUnreachable`. */
  send(message: Message): void
  /** Sends a snapshot's data in chunks with the message that announces it; resolves with whether the receiver took all of it. */
  sendSnapshot(message: Message, data: Uint8Array): Promise<boolean>
  /** Who is where; an address may change at any time. Members that are absent are disconnected. */
  setAddresses(addresses: ReadonlyMap<NodeId, string>): void
  close(): Promise<void>
}

/** What a transport tells the node that it serves. Neither is called from within a call of the transport, nor after `close`. */
export interface RaftTransportEvents {
  onMessage(message: Message, snapshotData?: Uint8Array): void
  onUnreachable(id: NodeId): void
}
