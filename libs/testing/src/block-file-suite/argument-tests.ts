import { expect } from 'chai'
import { contents, expectRejection, FILE_BYTES, filled, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** What makes no sense is refused, and does nothing. */
export function argumentTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  for (const durable of [false, true]) {
    it(`refuses a ${durable ? 'durable ' : ''}write that is not inside the file`, async () => {
      const file = await fixture.file()
      const unit = file.supports.alignmentBytes
      for (const position of [FILE_BYTES, FILE_BYTES - unit, -unit, 2 ** 60, Number.NaN, unit / 2 + 0.25]) {
        const write = file.write([filled(file, 1, 1), filled(file, 1, 2)], position, durable)
        await expectRejection(write, 'INVALID_ARGUMENT', 'a')
      }
      expect(await contents(file)).to.deep.equal(new Uint8Array(FILE_BYTES))
    })
  }

  it('refuses a write that is not aligned as the file asks', async () => {
    const file = await fixture.file()
    for (let position = 1; position < file.supports.alignmentBytes; position *= 2) {
      await expectRejection(file.write([filled(file, 1, 1)], position, false), 'INVALID_ARGUMENT', 'a')
      await expectRejection(file.write([new Uint8Array(position)], 0, false), 'INVALID_ARGUMENT', 'a')
    }
    expect(FILE_BYTES % file.supports.alignmentBytes).to.equal(0)
  })

  it('refuses a read that is not inside the file', async () => {
    const file = await fixture.file()
    const outside = [
      [FILE_BYTES, 1],
      [FILE_BYTES - 1, 2],
      [0, FILE_BYTES + 1],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, 2 ** 50],
    ]
    for (const [position = 0, length = 0] of outside) {
      await expectRejection(file.read(position, length), 'INVALID_ARGUMENT', 'a')
    }
    await expectRejection(file.read(Number.NaN, 1), 'INVALID_ARGUMENT', 'a')
  })

  it('stays usable after it has refused', async () => {
    const file = await fixture.file()
    await expectRejection(file.write([filled(file, 1, 1)], FILE_BYTES, true), 'INVALID_ARGUMENT')
    await file.write([filled(file, 1, 1)], 0, true)
    expect((await contents(file))[0]).to.equal(1)
  })

  it('refuses a name that is not made of letters, digits, "_" and "-"', async () => {
    for (const name of ['', '.', '..', '../a', 'a/b', 'a.b', 'a b', 'ä', 'a\0', 'a\n']) {
      await expectRejection(fixture.directory.create(name, FILE_BYTES), 'INVALID_ARGUMENT', 'not a name')
      await expectRejection(fixture.directory.open(name), 'INVALID_ARGUMENT', 'not a name')
      await expectRejection(fixture.directory.remove(name), 'INVALID_ARGUMENT', 'not a name')
    }
    expect(await fixture.directory.list()).to.deep.equal([])
  })

  it('refuses a size that is not a positive whole number', async () => {
    for (const sizeBytes of [0, -1, 0.5, Number.NaN, Infinity, 2 ** 60]) {
      await expectRejection(fixture.directory.create('a', sizeBytes), 'INVALID_ARGUMENT', 'a')
    }
    expect(await fixture.directory.list()).to.deep.equal([])
  })
}
