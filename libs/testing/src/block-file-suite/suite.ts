import { argumentTests } from './argument-tests.js'
import { byteTests } from './byte-tests.js'
import { closingTests } from './closing-tests.js'
import { concurrencyTests } from './concurrency-tests.js'
import { crashTests } from './crash-tests.js'
import { directoryTests } from './directory-tests.js'
import { failureTests } from './failure-tests.js'
import { Fixture } from './fixture.js'
import { ownerTests } from './owner-tests.js'
import type { BlockFilePlace, BlockFileSuiteOptions } from './suite-options.js'

/** What every `BlockFileDirectory` promises, as tests. An adapter's first test is one call of it. */
export function blockFileSuite<Place extends BlockFilePlace>(options: BlockFileSuiteOptions<Place>): void {
  describe(`block files: ${options.name}`, () => {
    const fixture = new Fixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    directoryTests(fixture)
    ownerTests(fixture)
    byteTests(fixture)
    concurrencyTests(fixture)
    argumentTests(fixture)
    closingTests(fixture)
    failureTests(fixture)
    crashTests(fixture)
  })
}
