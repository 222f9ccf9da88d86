import { appendTests } from './append-tests.js'
import { batchTests } from './batch-tests.js'
import { copyTests } from './copy-tests.js'
import { crashTests } from './crash-tests.js'
import { cursorTests } from './cursor-tests.js'
import { fenceTests } from './fence-tests.js'
import { LogFixture, type SegmentLogSuiteOptions } from './fixture.js'
import { producerTests } from './producer-tests.js'
import { readTests } from './read-tests.js'
import { sealTests } from './seal-tests.js'
import { stateTests } from './state-tests.js'
import { storageTests } from './storage-tests.js'
import { truncationTests } from './truncation-tests.js'

/** What every `LogStorage` and its `SegmentLog`s promise, as tests. An engine's first test is one call of it. */
export function segmentLogSuite(options: SegmentLogSuiteOptions): void {
  describe(`segment log: ${options.name}`, function () {
    this.timeout(60_000)
    const fixture = new LogFixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    describe('storage', () => storageTests(fixture))
    describe('appends', () => appendTests(fixture))
    describe('reads', () => readTests(fixture))
    describe('cursors', () => cursorTests(fixture))
    describe('the end', () => sealTests(fixture))
    describe('producers', () => producerTests(fixture))
    describe('batches', () => batchTests(fixture))
    describe('the state of the topic', () => stateTests(fixture))
    describe('copies', () => copyTests(fixture))
    describe('fences', () => fenceTests(fixture))
    describe('tails that are given up', () => truncationTests(fixture))
    describe('crashes', () => crashTests(fixture))
  })
}
