import { answerTests } from './answer-tests.js'
import { closingTests } from './closing-tests.js'
import { Fixture } from './fixture.js'
import { limitTests } from './limit-tests.js'
import type { PeerMessagingSuiteOptions } from './suite-options.js'

/** What every `PeerMessaging` promises, as tests. An adapter's first test is one call of it. */
export function peerMessagingSuite(options: PeerMessagingSuiteOptions): void {
  describe(`peer messaging: ${options.name}`, () => {
    const fixture = new Fixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    answerTests(fixture)
    limitTests(fixture)
    closingTests(fixture)
  })
}
