import type { BlockFile } from '@walrus/core'
import { expect } from 'chai'
import { randomBelow, seededRandom } from '../seeded-random.js'
import { contents, FILE_BYTES, filled, pattern, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** What is written is what is read. */
export function byteTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  writeTests(fixture)
  readTests(fixture)
  modelTest(fixture)
}

function writeTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  for (const durable of [false, true]) {
    it(`writes parts one after the other${durable ? ', durably' : ''}`, async () => {
      const file = await fixture.file()
      const unit = file.supports.alignmentBytes
      const parts = [filled(file, 1, 1), new Uint8Array(), filled(file, 3, 2), filled(file, 2, 3)]
      await file.write(parts, unit, durable)
      expect(await file.read(0, 8 * unit)).to.deep.equal(joined([filled(file, 1, 0), ...parts, filled(file, 1, 0)]))
    })

    it(`takes more parts than one system call does${durable ? ', durably' : ''}`, async () => {
      const file = await fixture.directory.create('many', 4096 * alignmentOf(await fixture.file()))
      const parts = Array.from({ length: 3000 }, (_, index) => filled(file, 1, index % 251))
      await file.write([new Uint8Array(), ...parts], 0, durable)
      expect((await contents(file)).slice(0, joined(parts).length)).to.deep.equal(joined(parts))
    })

    it(`takes no parts, and empty ones${durable ? ', durably' : ''}`, async () => {
      const file = await fixture.file()
      await file.write([], 0, durable)
      await file.write([new Uint8Array(), new Uint8Array()], FILE_BYTES, durable)
      expect(await contents(file)).to.deep.equal(new Uint8Array(FILE_BYTES))
    })
  }

  it('writes the first and the last bytes, and none beside', async () => {
    const file = await fixture.file()
    const unit = file.supports.alignmentBytes
    await file.write([filled(file, 1, 1)], 0, false)
    await file.write([filled(file, 1, 2)], FILE_BYTES - unit, false)
    const expected = new Uint8Array(FILE_BYTES).fill(1, 0, unit).fill(2, FILE_BYTES - unit)
    expect(await contents(file)).to.deep.equal(expected)
  })

  it('writes over what was there', async () => {
    const file = await fixture.file()
    const unit = file.supports.alignmentBytes
    await file.write([filled(file, 5, 1)], 0, true)
    await file.write([filled(file, 2, 2)], unit, true)
    expect(await file.read(0, 5 * unit)).to.deep.equal(
      joined([filled(file, 1, 1), filled(file, 2, 2), filled(file, 2, 1)]),
    )
  })

  it('leaves the parts as they are', async () => {
    const file = await fixture.file()
    const part = pattern(file, 2)
    await file.write([part], 0, true)
    expect(part).to.deep.equal(pattern(file, 2))
  })
}

function readTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('reads any part, and nothing, and all', async () => {
    const file = await fixture.file()
    const all = pattern(file, FILE_BYTES / file.supports.alignmentBytes)
    await file.write([all], 0, false)
    expect(await file.read(3, 10)).to.deep.equal(all.slice(3, 13))
    expect(await file.read(511, 513)).to.deep.equal(all.slice(511, 1024))
    expect(await file.read(FILE_BYTES - 1, 1)).to.deep.equal(all.slice(-1))
    expect(await file.read(FILE_BYTES, 0)).to.deep.equal(new Uint8Array())
    expect(await contents(file)).to.deep.equal(all)
  })

  it('gives every reader a buffer of its own', async () => {
    const file = await fixture.file()
    await file.write([filled(file, 4, 1)], 0, false)
    const first = await file.read(0, 4)
    const second = await file.read(0, 4)
    first.fill(9)
    await file.write([filled(file, 4, 2)], 0, false)
    expect([...first, ...second]).to.deep.equal([9, 9, 9, 9, 1, 1, 1, 1])
    expect(await file.read(0, 4)).to.deep.equal(new Uint8Array(4).fill(2))
  })

  it('keeps files apart', async () => {
    const [first, second] = [await fixture.file('a'), await fixture.file('b')]
    await first.write([filled(first, 1, 1)], 0, true)
    await second.write([filled(second, 1, 2)], 0, true)
    expect([(await first.read(0, 1))[0], (await second.read(0, 1))[0]]).to.deep.equal([1, 2])
  })
}

function modelTest<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('does as an array does, over 200 random writes, syncs and reads', async () => {
    const file = await fixture.file()
    const random = seededRandom(1)
    const unit = file.supports.alignmentBytes
    const model = new Uint8Array(FILE_BYTES)
    for (let step = 0; step < 200; step += 1) {
      const position = randomBelow(random, FILE_BYTES / unit) * unit
      const units = randomBelow(random, Math.min(64, (FILE_BYTES - position) / unit) + 1)
      const bytes = filled(file, units, step % 251)
      await file.write([bytes], position, random() < 0.1)
      model.set(bytes, position)
      if (random() < 0.1) await file.sync()
      expect(await file.read(position, bytes.length)).to.deep.equal(bytes)
    }
    expect(await contents(file)).to.deep.equal(model)
    await fixture.reopen()
    expect(await contents(await fixture.directory.open('a'))).to.deep.equal(model)
  })
}

function alignmentOf(file: BlockFile): number {
  return file.supports.alignmentBytes
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
