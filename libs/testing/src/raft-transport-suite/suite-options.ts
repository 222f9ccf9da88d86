import type { NodeId, RaftTransport, RaftTransportEvents } from '@walrus/raft'

/** How a node of the suite shall be opened. */
export interface RaftTransportNode {
  readonly nodeId: NodeId
  readonly clusterId: string
  /** Where it listened before, to be taken again; undefined: anywhere. */
  readonly address: string | undefined
}

/** A transport and where others find it. */
export interface OpenRaftTransport {
  readonly transport: RaftTransport
  readonly address: string
}

/** A network in which the nodes of one test reach each other, and which does no harm by itself. */
export interface RaftTransportPlace {
  open(node: RaftTransportNode, events: RaftTransportEvents): Promise<OpenRaftTransport>
  /** Releases what the place takes up; the transports are closed before. */
  remove(): Promise<void>
}

/** Who complies with the port. */
export interface RaftTransportSuiteOptions {
  readonly name: string
  /** A fresh place for each test. */
  readonly place: () => Promise<RaftTransportPlace>
}
