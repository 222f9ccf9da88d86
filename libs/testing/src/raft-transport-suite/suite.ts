import { closingTests } from './closing-tests.js'
import { Fixture } from './fixture.js'
import { membershipTests } from './membership-tests.js'
import { messageTests } from './message-tests.js'
import { restartTests } from './restart-tests.js'
import { snapshotTests } from './snapshot-tests.js'
import type { RaftTransportSuiteOptions } from './suite-options.js'

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
