import { expect } from 'chai'
import { contents, expectRejection, FILE_BYTES, filled, pattern, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** Names come and go. */
export function directoryTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  listTests(fixture)
  createTests(fixture)
  removeTests(fixture)
}

function listTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('lists nothing at first', async () => {
    expect(await fixture.directory.list()).to.deep.equal([])
  })

  it('lists names in ascending order, whatever the order of their creation', async () => {
    for (const name of ['b', '000010', 'a', '000002']) await fixture.file(name)
    expect(await fixture.directory.list()).to.deep.equal(['000002', '000010', 'a', 'b'])
    expect(await (await fixture.reopen()).list()).to.deep.equal(['000002', '000010', 'a', 'b'])
  })

  const { addForeignFile } = fixture.options
  if (addForeignFile === undefined) return
  it('does not list files that are not its own, and leaves them alone', async () => {
    await fixture.file()
    await addForeignFile(fixture.place)
    expect(await fixture.directory.list()).to.deep.equal(['a'])
    expect(await (await fixture.reopen()).list()).to.deep.equal(['a'])
  })
}

function createTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('creates a file at its full size, filled with zeros', async () => {
    const file = await fixture.file()
    expect([file.name, file.sizeBytes]).to.deep.equal(['a', FILE_BYTES])
    expect(await contents(file)).to.deep.equal(new Uint8Array(FILE_BYTES))
  })

  it('does not create a file that exists, and leaves it as it is', async () => {
    const file = await fixture.file()
    await file.write([filled(file, 1, 7)], 0, true)
    await expectRejection(fixture.directory.create('a', FILE_BYTES * 2), 'INVALID_ARGUMENT', '"', 'a')
    expect(await file.read(0, filled(file, 1, 7).length)).to.deep.equal(filled(file, 1, 7))
    expect(file.sizeBytes).to.equal(FILE_BYTES)
  })

  it('creates one of two files of a name that are asked for at once', async () => {
    const outcomes = await Promise.allSettled([fixture.file(), fixture.file()])
    expect(outcomes.map((outcome) => outcome.status).sort()).to.deep.equal(['fulfilled', 'rejected'])
    expect(await fixture.directory.list()).to.deep.equal(['a'])
  })

  it('creates files of different names at once', async () => {
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(names.map((name) => fixture.file(name)))
    expect(await fixture.directory.list()).to.deep.equal(names)
  })

  it('opens what was created and written, in this life of the directory and in the next', async () => {
    const file = await fixture.file()
    await file.write([pattern(file, 2)], 0, false)
    const written = await contents(file)
    await file.close()
    expect(await contents(await fixture.directory.open('a'))).to.deep.equal(written)
    const again = await (await fixture.reopen()).open('a')
    expect([again.name, again.sizeBytes]).to.deep.equal(['a', FILE_BYTES])
    expect(await contents(again)).to.deep.equal(written)
  })

  it('does not open a file that is absent', async () => {
    await expectRejection(fixture.directory.open('a'), 'INVALID_ARGUMENT', 'a')
  })
}

function removeTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('removes a file for good', async () => {
    await (await fixture.file('a')).close()
    await fixture.file('b')
    await fixture.directory.remove('a')
    expect(await fixture.directory.list()).to.deep.equal(['b'])
    await expectRejection(fixture.directory.open('a'), 'INVALID_ARGUMENT')
    expect(await (await fixture.reopen()).list()).to.deep.equal(['b'])
  })

  it('finds nothing wrong with removing an absent file', async () => {
    await fixture.directory.remove('a')
    expect(await fixture.directory.list()).to.deep.equal([])
  })

  it('makes a new file of zeros under the name of a removed one', async () => {
    const old = await fixture.file()
    await old.write([filled(old, 1, 7)], 0, true)
    await old.close()
    await fixture.directory.remove('a')
    expect(await contents(await fixture.file())).to.deep.equal(new Uint8Array(FILE_BYTES))
  })

  it('leaves a removed file to those who have it open', async () => {
    const file = await fixture.file()
    await fixture.directory.remove('a')
    await file.write([filled(file, 1, 7)], 0, true)
    expect((await contents(file)).slice(0, 1)).to.deep.equal(new Uint8Array([7]))
    expect(await fixture.directory.list()).to.deep.equal([])
  })
}
