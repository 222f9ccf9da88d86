import { expect } from 'chai'
import fc from 'fast-check'
import { nextRunBytes, type RunNeed } from './run-growth.js'

const growth = { blockBytes: 4096, runBytesMax: 32 * 4096 }
const ANYTHING = { previousBytes: 0, segmentBytes: 0, expectedBytes: Infinity }
const blocks = (need: Partial<RunNeed>): number =>
  nextRunBytes(growth, { ...ANYTHING, batchBytes: 100, ...need }) / 4096

describe('run growth', () => {
  it('starts with one block, and doubles up to the largest run', () => {
    const sizes = [0, 1, 2, 4, 8, 16, 32, 64].map((previous) => blocks({ previousBytes: previous * 4096 }))
    expect(sizes).to.deep.equal([1, 2, 4, 8, 16, 32, 32, 32])
  })

  it('leaves room for a few batches where one takes more than a block', () => {
    expect(blocks({ batchBytes: 4097 })).to.equal(5)
    expect(blocks({ batchBytes: 20_000 })).to.equal(20)
  })

  it('is larger than the largest run only when one batch is', () => {
    expect(blocks({ previousBytes: 32 * 4096, batchBytes: 32 * 4096 })).to.equal(32)
    expect(blocks({ batchBytes: 32 * 4096 + 1 })).to.equal(33)
  })

  it('takes an eighth of what the segment is expected to hold at most', () => {
    expect(blocks({ previousBytes: 32 * 4096, expectedBytes: 128 * 4096 })).to.equal(16)
    expect(blocks({ previousBytes: 32 * 4096, expectedBytes: 1 })).to.equal(1)
  })

  it('takes no more than is still to come, unless one batch needs more', () => {
    const nearlyFull = { previousBytes: 16 * 4096, segmentBytes: 125 * 4096, expectedBytes: 128 * 4096 }
    expect(blocks(nearlyFull)).to.equal(3)
    expect(blocks({ ...nearlyFull, segmentBytes: 200 * 4096 })).to.equal(1)
    expect(blocks({ ...nearlyFull, batchBytes: 5 * 4096 })).to.equal(5)
  })

  it('wastes little on a segment that gets as large as expected', () => {
    for (const expectedBytes of [20, 100, 1000, 5000].map((count) => count * 4096)) {
      let segmentBytes = 0
      let allocatedBytes = 0
      for (let previousBytes = 0; segmentBytes < expectedBytes; segmentBytes += previousBytes) {
        previousBytes = nextRunBytes(growth, { batchBytes: 1000, previousBytes, segmentBytes, expectedBytes })
        allocatedBytes += previousBytes
      }
      expect(allocatedBytes).to.be.at.most(expectedBytes + 4096)
    }
  })

  it('holds what is needed in whole blocks, whatever came before', () => {
    const bytes = fc.nat(1 << 30)
    const need = fc.record({
      batchBytes: fc.integer({ min: 1, max: 1 << 30 }),
      previousBytes: bytes,
      segmentBytes: bytes,
      expectedBytes: fc.oneof(bytes, fc.constant(Infinity)),
    })
    fc.assert(
      fc.property(need, (any) => {
        const runBytes = nextRunBytes(growth, any)
        expect(runBytes).to.be.at.least(any.batchBytes)
        expect(runBytes % growth.blockBytes).to.equal(0)
      }),
    )
  })
})
