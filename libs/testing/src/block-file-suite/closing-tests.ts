import { expect } from 'chai'
import { contents, expectRejection, FILE_BYTES, filled, pattern, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** The end of a file and of a directory. */
export function closingTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  fileTests(fixture)
  directoryTests(fixture)
}

function fileTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('closes a file once, however often it is asked', async () => {
    const file = await fixture.file()
    await Promise.all([file.close(), file.close()])
    await file.close()
    await (await fixture.directory.open('a')).close()
  })

  it('refuses calls to a closed file', async () => {
    const file = await fixture.file()
    await file.close()
    await expectRejection(file.write([filled(file, 1, 1)], 0, false), 'STORAGE_CLOSED', 'a')
    await expectRejection(file.write([filled(file, 1, 1)], 0, true), 'STORAGE_CLOSED', 'a')
    await expectRejection(file.sync(), 'STORAGE_CLOSED', 'a')
    await expectRejection(file.read(0, 1), 'STORAGE_CLOSED', 'a')
  })

  it('lets the calls under way end before a file is closed', async () => {
    const file = await fixture.file()
    let settled = 0
    const calls = [
      file.write([pattern(file, 4)], 0, false),
      file.write([pattern(file, 4)], 4 * file.supports.alignmentBytes, true),
      file.sync(),
      file.read(0, FILE_BYTES),
    ].map((call) => call.then(() => (settled += 1)))
    await file.close()
    await Promise.all(calls)
    expect(settled).to.equal(4)
    const again = await contents(await fixture.directory.open('a'))
    expect(again.slice(0, pattern(file, 4).length)).to.deep.equal(pattern(file, 4))
  })

  it('closes one file and not its neighbour', async () => {
    const [first, second] = [await fixture.file('a'), await fixture.file('b')]
    await first.close()
    await second.write([filled(second, 1, 1)], 0, true)
    expect((await contents(second))[0]).to.equal(1)
  })
}

function directoryTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('closes a directory once, however often it is asked', async () => {
    await Promise.all([fixture.directory.close(), fixture.directory.close()])
    await fixture.directory.close()
    await fixture.openAgain()
  })

  it('closes the files of a closed directory', async () => {
    const file = await fixture.file()
    await fixture.directory.close()
    await expectRejection(file.read(0, 1), 'STORAGE_CLOSED', 'a')
    await file.close()
  })

  it('refuses calls to a closed directory', async () => {
    const { directory } = fixture
    await fixture.file()
    await directory.close()
    await expectRejection(directory.list(), 'STORAGE_CLOSED', directory.path)
    await expectRejection(directory.create('b', FILE_BYTES), 'STORAGE_CLOSED', 'b')
    await expectRejection(directory.open('a'), 'STORAGE_CLOSED', 'a')
    await expectRejection(directory.remove('a'), 'STORAGE_CLOSED', 'a')
    expect(await (await fixture.openAgain()).list()).to.deep.equal(['a'])
  })

  it('does not let a closed owner harm the next one', async () => {
    const first = fixture.directory
    await fixture.reopen()
    await first.close()
    await expectRejection(fixture.place.open(), 'DIRECTORY_LOCKED')
  })

  it('lets the calls under way end before a directory is closed', async () => {
    const file = await fixture.file()
    const calls = [file.write([filled(file, 4, 3)], 0, true), fixture.directory.create('b', FILE_BYTES)]
    await fixture.directory.close()
    expect((await Promise.allSettled(calls)).map((call) => call.status)).to.deep.equal(['fulfilled', 'fulfilled'])
    const again = await fixture.openAgain()
    expect(await again.list()).to.deep.equal(['a', 'b'])
    expect((await contents(await again.open('a')))[0]).to.equal(3)
  })
}
