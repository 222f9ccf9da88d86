import type { NodeId } from '@walrus/raft'
import type { PeerPurpose, RefusalCause, SnapshotOutcome } from '@walrus/protocol'

/** The other end of a connection that this node dialled. */
export interface DialledPeer {
  /** 0: whoever listens there. */
  readonly nodeId: NodeId
  readonly purpose: PeerPurpose
  /** host:port as it was given. */
  readonly address: string
}

/** The other end of a connection that came from outside. */
export interface CallingPeer {
  /** 0: it has none. */
  readonly nodeId: NodeId
  readonly purpose: PeerPurpose
  /** host:port that the connection comes from. */
  readonly remote: string
}

/** What happens between peers that an operator may want to know; never what they say. */
export type PeerEvent =
  | ({ readonly kind: 'peer-connected' } & DialledPeer)
  | ({ readonly kind: 'peer-disconnected'; readonly reason: string } & DialledPeer)
  /** No connection: nobody there, nobody answers, or somebody else. The first attempt is number 1. */
  | ({ readonly kind: 'dial-failed'; readonly reason: string; readonly attempt: number } & DialledPeer)
  /** The other side does not take the connection; no `dial-failed` beside it. */
  | ({ readonly kind: 'dial-refused'; readonly cause: RefusalCause; readonly reason: string } & DialledPeer)
  | ({ readonly kind: 'connection-opened' } & CallingPeer)
  | ({ readonly kind: 'connection-closed'; readonly reason: string } & CallingPeer)
  /** This node does not take the connection, and has said so. */
  | {
      readonly kind: 'connection-refused'
      readonly remote: string
      readonly cause: RefusalCause
      readonly reason: string
    }
  /** What came was no handshake, or none came in time. */
  | { readonly kind: 'handshake-failed'; readonly remote: string; readonly reason: string }
  /** A connection could not be taken, most often for want of file descriptors; the listener goes on. */
  | { readonly kind: 'accept-failed'; readonly error: Error }
  /** The peer does not keep up, and messages of Raft are lost; told once until its queue was empty again. */
  | { readonly kind: 'queue-overflowed'; readonly nodeId: NodeId }
  /** A message has no place in a frame, and is lost. */
  | { readonly kind: 'message-unsendable'; readonly nodeId: NodeId; readonly reason: string }
  /** A message was not meant for this node, or not sent by who says so, and is dropped. */
  | { readonly kind: 'message-misdirected'; readonly nodeId: NodeId; readonly reason: string }
  | { readonly kind: 'snapshot-sent'; readonly nodeId: NodeId; readonly sizeBytes: number }
  | { readonly kind: 'snapshot-not-sent'; readonly nodeId: NodeId; readonly sizeBytes: number; readonly reason: string }
  | { readonly kind: 'snapshot-received'; readonly nodeId: NodeId; readonly sizeBytes: number }
  | { readonly kind: 'snapshot-refused'; readonly nodeId: NodeId; readonly outcome: SnapshotOutcome }
  /** A handler has thrown something that is no expected failure; the asker is told only that it failed. */
  | { readonly kind: 'handler-failed'; readonly requestKind: number; readonly error: unknown }
