import { compactionTests } from './compaction-tests.js'
import { entryTests } from './entry-tests.js'
import { RaftLogFixture, type RaftLogSuiteOptions } from './fixture.js'
import { hardStateTests } from './hard-state-tests.js'
import { lifetimeTests } from './lifetime-tests.js'
import { snapshotTests } from './snapshot-tests.js'
import { truncationTests } from './truncation-tests.js'

/** What every `LogStore` promises, as tests. An adapter's first test is one call of it. */
export function raftLogSuite(options: RaftLogSuiteOptions): void {
  describe(`Raft log: ${options.name}`, () => {
    const fixture = new RaftLogFixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    describe('hard state', () => hardStateTests(fixture))
    describe('entries', () => entryTests(fixture))
    describe('truncation', () => truncationTests(fixture))
    describe('received snapshots', () => snapshotTests(fixture))
    describe('own snapshots and compaction', () => compactionTests(fixture))
    describe('lifetime', () => lifetimeTests(fixture))
  })
}
