import type { BlockFile } from '@walrus/core'
import { expect } from 'chai'
import type { DiskFault } from '../disk-world.js'
import { contents, expectRejection, FILE_BYTES, filled, type Fixture } from './fixture.js'
import type { BlockFilePlace, BlockFileSuiteOptions } from './suite-options.js'

/** The system says no. */
export function failureTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  const { failNext, truncate } = fixture.options
  if (failNext !== undefined) {
    harmlessFailureTests(fixture, failNext)
    brokenFileTests(fixture, failNext)
  }
  if (truncate === undefined) return
  it('reports a file that has become shorter', async () => {
    const file = await fixture.file()
    await truncate(fixture.place, 'a', 1000)
    expect(await file.read(0, 1000)).to.deep.equal(new Uint8Array(1000))
    await expectRejection(file.read(0, 1001), 'CORRUPT_DATA', 'a')
    await expectRejection(file.read(FILE_BYTES - 1, 1), 'CORRUPT_DATA', 'a')
  })
}

type FailNext<Place extends BlockFilePlace> = NonNullable<BlockFileSuiteOptions<Place>['failNext']>

function harmlessFailureTests<Place extends BlockFilePlace>(fixture: Fixture<Place>, failNext: FailNext<Place>): void {
  const codes = { ENOSPC: 'DISK_FULL', EIO: 'IO_FAILED' } as const
  for (const fault of ['ENOSPC', 'EIO'] as const) {
    it(`stays usable after a write that fails with ${fault}`, async () => {
      const file = await fixture.file()
      const unit = file.supports.alignmentBytes
      await file.write([filled(file, 3, 1)], 0, true)
      failNext(fixture.place, 'write', fault)
      await expectRejection(file.write([filled(file, 1, 2)], unit, false), codes[fault], 'a', fault)
      expect(await file.read(0, unit)).to.deep.equal(filled(file, 1, 1))
      expect(await file.read(2 * unit, unit)).to.deep.equal(filled(file, 1, 1))
      await file.write([filled(file, 1, 3)], unit, true)
      await file.sync()
      expect(await file.read(unit, unit)).to.deep.equal(filled(file, 1, 3))
    })

    it(`creates nothing when creating fails with ${fault}`, async () => {
      await fixture.file('b')
      failNext(fixture.place, 'create', fault)
      await expectRejection(fixture.file('a'), codes[fault], 'a', fault)
      expect(await fixture.directory.list()).to.deep.equal(['b'])
      expect(await contents(await fixture.file('a'))).to.deep.equal(new Uint8Array(FILE_BYTES))
    })
  }

  it('says when removing fails, and removes when asked again', async () => {
    await (await fixture.file()).close()
    failNext(fixture.place, 'remove', 'EIO')
    await expectRejection(fixture.directory.remove('a'), 'IO_FAILED', 'a', 'EIO')
    await fixture.directory.remove('a')
    expect(await fixture.directory.list()).to.deep.equal([])
  })
}

function brokenFileTests<Place extends BlockFilePlace>(fixture: Fixture<Place>, failNext: FailNext<Place>): void {
  const breakers: Readonly<Record<string, (file: BlockFile, fault: DiskFault) => Promise<void>>> = {
    sync: (file, fault) => {
      failNext(fixture.place, 'sync', fault)
      return file.sync()
    },
    'durable write': (file, fault) => {
      failNext(fixture.place, 'durable write', fault)
      return file.write([filled(file, 1, 2)], 0, true)
    },
  }
  for (const [name, breakFile] of Object.entries(breakers)) {
    for (const fault of ['ENOSPC', 'EIO'] as const) {
      it(`takes nothing more for a file whose ${name} failed with ${fault}, and reads on`, async () => {
        const file = await fixture.file()
        const unit = file.supports.alignmentBytes
        await file.write([filled(file, 1, 1)], unit, true)
        await expectRejection(breakFile(file, fault), 'FILE_FAILED', 'a', fault)
        await expectBroken(file)
        expect(await file.read(unit, unit)).to.deep.equal(filled(file, 1, 1))
      })
    }

    it(`does not forget a failed ${name} when the file is opened again`, async () => {
      const file = await fixture.file()
      await expectRejection(breakFile(file, 'EIO'), 'FILE_FAILED')
      await file.close()
      await expectBroken(await fixture.directory.open('a'))
    })
  }

  it('fails every sync that a failed one may have robbed of its error', async () => {
    const file = await fixture.file()
    await file.write([filled(file, 1, 1)], 0, false)
    failNext(fixture.place, 'sync', 'EIO')
    const outcomes = await Promise.allSettled([file.sync(), file.sync(), file.sync()])
    expect(outcomes.map((outcome) => outcome.status)).to.deep.equal(['rejected', 'rejected', 'rejected'])
  })

  it('breaks one file and not its neighbour', async () => {
    const [first, second] = [await fixture.file('a'), await fixture.file('b')]
    failNext(fixture.place, 'sync', 'EIO')
    await expectRejection(first.sync(), 'FILE_FAILED')
    await second.write([filled(second, 1, 1)], 0, true)
    await second.sync()
  })
}

async function expectBroken(file: BlockFile): Promise<void> {
  await expectRejection(file.write([filled(file, 1, 3)], 0, false), 'FILE_FAILED', 'a')
  await expectRejection(file.write([filled(file, 1, 3)], 0, true), 'FILE_FAILED', 'a')
  await expectRejection(file.sync(), 'FILE_FAILED', 'a')
}
