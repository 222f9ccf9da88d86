import { expect } from 'chai'
import { contents, FILE_BYTES, pattern, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** What a power loss may not take. */
export function crashTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  const { crash } = fixture.options
  if (crash === undefined) return
  const crashAndOpen = async () => {
    await crash(fixture.place)
    return fixture.openAgain()
  }

  it('keeps a created file at its size, and a removed one away, over a crash', async () => {
    for (const name of ['a', 'b']) await fixture.file(name)
    await fixture.directory.remove('a')
    const directory = await crashAndOpen()
    expect(await directory.list()).to.deep.equal(['b'])
    expect(await contents(await directory.open('b'))).to.deep.equal(new Uint8Array(FILE_BYTES))
  })

  it('keeps a durable write over a crash', async () => {
    const file = await fixture.file()
    await file.write([pattern(file, 3), pattern(file, 5)], file.supports.alignmentBytes, true)
    const before = await contents(file)
    expect(await contents(await (await crashAndOpen()).open('a'))).to.deep.equal(before)
  })

  it('keeps what was synced over a crash', async () => {
    const file = await fixture.file()
    const unit = file.supports.alignmentBytes
    await Promise.all([0, 1, 2, 3].map((slot) => file.write([pattern(file, 2, slot)], slot * 4 * unit, false)))
    await file.sync()
    const before = await contents(file)
    await file.write([pattern(file, 2, 9)], FILE_BYTES / 2, false)
    const after = await contents(await (await crashAndOpen()).open('a'))
    expect(after.slice(0, FILE_BYTES / 2)).to.deep.equal(before.slice(0, FILE_BYTES / 2))
  })

  it('can be owned again after a crash', async () => {
    await crashAndOpen()
    expect(await fixture.directory.list()).to.deep.equal([])
  })
}
