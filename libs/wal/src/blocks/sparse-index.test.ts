import { expect } from 'chai'
import fc from 'fast-check'
import { SparseIndex } from './sparse-index.js'

describe('sparse index', () => {
  it('begins at 0 when it knows nothing', () => {
    expect(new SparseIndex(100).positionBefore(12)).to.equal(0)
  })

  it('gives the nearest mark at or before the entry', () => {
    const index = new SparseIndex(100)
    for (const [entryIndex, position] of [
      [5, 0],
      [6, 99],
      [8, 100],
      [9, 250],
    ] as const)
      index.add(entryIndex, position)
    expect([0, 5, 6, 7, 8, 9, 1000].map((entry) => index.positionBefore(entry))).to.deep.equal([
      0, 0, 0, 0, 100, 250, 250,
    ])
  })

  it('never starts behind the entry, nor further before it than a mark and a batch are apart', () => {
    const batches = fc.array(
      fc.record({ entries: fc.integer({ min: 0, max: 5 }), bytes: fc.integer({ min: 1, max: 300 }) }),
    )
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 500 }), (list, bytesPerMark) => {
        const index = new SparseIndex(bytesPerMark)
        let entryIndex = 0
        let position = 0
        const positions: number[] = []
        for (const { entries, bytes } of list) {
          index.add(entryIndex, position)
          for (let nth = 0; nth < entries; nth++) positions.push(position)
          entryIndex += entries
          position += bytes
        }
        for (const [entry, at] of positions.entries()) {
          expect(index.positionBefore(entry)).to.be.at.most(at)
          expect(at - index.positionBefore(entry)).to.be.at.most(bytesPerMark + 300)
        }
      }),
    )
  })
})
