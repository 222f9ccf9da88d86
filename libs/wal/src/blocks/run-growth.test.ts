import { expect } from 'chai'
import fc from 'fast-check'
import { nextRunBytes } from './run-growth.js'

const growth = { blockBytes: 4096, runBytesMax: 32 * 4096 }
const blocks = (previousBlocks: number, neededBytes: number): number =>
  nextRunBytes(growth, previousBlocks * 4096, neededBytes) / 4096

describe('run growth', () => {
  it('starts with one block, and doubles up to the largest run', () => {
    expect([0, 1, 2, 4, 8, 16, 32, 64].map((previous) => blocks(previous, 100))).to.deep.equal([
      1, 2, 4, 8, 16, 32, 32, 32,
    ])
  })

  it('leaves room for a few batches where one takes more than a block', () => {
    expect(blocks(0, 4097)).to.equal(5)
    expect(blocks(0, 20_000)).to.equal(20)
  })

  it('is larger than the largest run only when one batch is', () => {
    expect(blocks(32, 32 * 4096)).to.equal(32)
    expect(blocks(0, 32 * 4096 + 1)).to.equal(33)
  })

  it('holds what is needed in whole blocks, whatever came before', () => {
    fc.assert(
      fc.property(fc.nat(1 << 30), fc.integer({ min: 1, max: 1 << 30 }), (previousBytes, neededBytes) => {
        const bytes = nextRunBytes(growth, previousBytes, neededBytes)
        expect(bytes).to.be.at.least(neededBytes)
        expect(bytes % growth.blockBytes).to.equal(0)
      }),
    )
  })
})
