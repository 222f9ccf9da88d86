import type { NodeId, RaftTransport, RaftTransportEvents } from '@walrus/raft'
import { closingTests } from './closing-tests.js'
import { Fixture } from './fixture.js'
import { membershipTests } from './membership-tests.js'
import { messageTests } from './message-tests.js'
import { restartTests } from './restart-tests.js'
import { snapshotTests } from './snapshot-tests.js'

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

/**
 * What every `RaftTransport` promises, as tests; and what is asked of one beyond the port: that it keeps the order while
 * nothing is disturbed, and finds a peer again. An adapter's first test is one call of it.
 */
export function raftTransportSuite(options: RaftTransportSuiteOptions): void {
  describe(`raft transport: ${options.name}`, () => {
    const fixture = new Fixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    messageTests(fixture)
    snapshotTests(fixture)
    membershipTests(fixture)
    restartTests(fixture)
    closingTests(fixture)
  })
}
