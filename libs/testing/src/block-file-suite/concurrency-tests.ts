import { expect } from 'chai'
import { contents, FILE_BYTES, filled, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** Any number of calls at once. */
export function concurrencyTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('takes many writes, syncs and reads at once', async () => {
    const file = await fixture.directory.create('many', 512 * 4096)
    const unit = file.supports.alignmentBytes * Math.ceil(100 / file.supports.alignmentBytes)
    const slots = Array.from({ length: 200 }, (_, slot) => slot)
    const block = (slot: number) => new Uint8Array(unit).fill(slot + 1)
    await Promise.all(
      slots.map(async (slot) => {
        await file.write([block(slot)], slot * unit, slot % 10 === 0)
        if (slot % 7 === 0) await file.sync()
        expect(await file.read(slot * unit, unit)).to.deep.equal(block(slot))
      }),
    )
    const all = await contents(file)
    for (const slot of slots) expect(all.slice(slot * unit, (slot + 1) * unit)).to.deep.equal(block(slot))
    expect(all.slice(200 * unit).every((byte) => byte === 0)).to.equal(true)
  })

  it('answers overlapping reads at once', async () => {
    const file = await fixture.file()
    await file.write([filled(file, 4, 5)], 0, false)
    const reads = await Promise.all(Array.from({ length: 50 }, (_, index) => file.read(index, FILE_BYTES - index)))
    const all = await contents(file)
    reads.forEach((read, index) => expect(read).to.deep.equal(all.slice(index)))
  })

  it('reads an old or a new unit while it is written, and the new one after', async () => {
    const file = await fixture.file()
    const unit = file.supports.alignmentBytes
    for (let round = 1; round <= 20; round += 1) {
      const written = file.write([filled(file, 1, round)], 0, round % 2 === 0)
      const [byte] = await file.read(0, unit)
      expect(byte).to.be.oneOf([round - 1, round])
      await written
      expect(await file.read(0, unit)).to.deep.equal(filled(file, 1, round))
    }
  })

  it('answers every one of many syncs at once', async () => {
    const file = await fixture.file()
    await file.write([filled(file, 1, 1)], 0, false)
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => file.sync()))
    expect(outcomes.every((outcome) => outcome.status === 'fulfilled')).to.equal(true)
  })
}
