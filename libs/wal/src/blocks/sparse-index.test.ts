import { expect } from 'chai'
import fc from 'fast-check'
import { SparseIndex } from './sparse-index.js'

describe('sparse index', () => {
  it('has nothing to begin with', () => {
    expect(new SparseIndex(100).lastUpTo('index', 12)).to.equal(undefined)
  })

  it('gives the nearest mark at or before the entry, and at or before the record', () => {
    const index = new SparseIndex(100)
    for (const [entryIndex, position, byte] of [
      [5, 15, 0],
      [6, 16, 99],
      [8, 19, 100],
      [9, 21, 250],
    ] as const)
      index.add(entryIndex, position, byte)
    const entries = [4, 5, 6, 7, 8, 9, 1000].map((entry) => index.lastUpTo('index', entry)?.byte)
    expect(entries).to.deep.equal([undefined, 0, 0, 0, 100, 250, 250])
    const records = [14, 15, 18, 19, 20, 21, 1000].map((position) => index.lastUpTo('position', position)?.byte)
    expect(records).to.deep.equal([undefined, 0, 0, 100, 100, 250, 250])
    expect(index.lastUpTo('position', 20)).to.deep.equal({ index: 8, position: 19, byte: 100 })
  })

  it('never starts behind the record, nor further before it than a mark and a batch are apart', () => {
    const batches = fc.array(
      fc.record({ entries: fc.integer({ min: 0, max: 5 }), bytes: fc.integer({ min: 1, max: 300 }) }),
    )
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 500 }), (list, bytesPerMark) => {
        const index = new SparseIndex(bytesPerMark)
        const places = { index: [] as number[], position: [] as number[] }
        let byte = 0
        for (const { entries, bytes } of list) {
          index.add(places.index.length, places.position.length, byte)
          for (let nth = 0; nth < entries; nth++) places.index.push(byte)
          for (let nth = 0; nth < Math.max(1, entries); nth++) places.position.push(byte)
          byte += bytes
        }
        for (const by of ['index', 'position'] as const) {
          for (const [nth, at] of places[by].entries()) {
            const mark = index.lastUpTo(by, nth)!
            expect(mark.byte).to.be.at.most(at)
            expect(at - mark.byte).to.be.at.most(bytesPerMark + 300)
          }
        }
      }),
    )
  })
})
