import type { NodeId, PeerMessaging } from '@walrus/core'

/** The messaging of one node. */
export interface OpenPeerMessaging {
  readonly messaging: PeerMessaging
  /** The process ends: what is under way fails. Idempotent. */
  close(): Promise<void>
}

/** A network in which the nodes of one test reach each other, and which does no harm by itself. */
export interface PeerMessagingPlace {
  /** Nodes that are open know each other; one that was closed may be opened again. */
  open(node: NodeId): Promise<OpenPeerMessaging>
  /** Lets so much time pass for timeouts. */
  pass(milliseconds: number): Promise<void>
  /** Releases what the place takes up; the nodes are closed before. */
  remove(): Promise<void>
}

/** Small bounds, so that a test reaches them. */
export interface PeerMessagingLimits {
  /** Bytes of a question, and of an answer, that certainly get through. */
  readonly takenBytes: number
  /** Bytes of one that certainly does not. */
  readonly refusedBytes: number
  /** Questions to one node without an answer that are taken; of three times as many some are refused. */
  readonly takenQuestions: number
}

/** Who complies with the port. */
export interface PeerMessagingSuiteOptions {
  readonly name: string
  readonly limits: PeerMessagingLimits
  /** A fresh place, with those limits, for each test. */
  readonly place: () => Promise<PeerMessagingPlace>
}
