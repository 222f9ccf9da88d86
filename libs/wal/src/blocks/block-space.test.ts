import { expect } from 'chai'
import fc from 'fast-check'
import { BlockSpace } from './block-space.js'

/** The first `count` free blocks that stand together, found by looking everywhere. */
function firstGap(free: readonly boolean[], count: number): number | undefined {
  for (let first = 0; first + count <= free.length; first++)
    if (free.slice(first, first + count).every(Boolean)) return first
  return undefined
}

describe('block space', () => {
  it('takes the first gap that is large enough', () => {
    const space = new BlockSpace(10)
    expect([space.take(3), space.take(2), space.take(3)]).to.deep.equal([0, 3, 5])
    space.release(0, 3)
    expect(space.freeCount).to.equal(5)
    expect(space.take(4), 'five are free, but not four in a row').to.equal(undefined)
    expect(space.hasGap(4)).to.equal(false)
    expect(space.hasGap(3)).to.equal(true)
    expect(space.take(1)).to.equal(0)
    expect(space.take(2)).to.equal(1)
    expect(space.take(2)).to.equal(8)
    expect([space.freeCount, space.take(1), space.blockCount]).to.deep.equal([0, undefined, 10])
  })

  it('knows which blocks a slot may claim', () => {
    const space = new BlockSpace(4)
    space.occupy(1, 1)
    expect(space.isFree(0, 1)).to.equal(true)
    expect(space.isFree(0, 2), 'one of them is used').to.equal(false)
    for (const [first, count] of [
      [2, 3],
      [4, 1],
      [-1, 1],
      [2, 0],
      [2, 0xffffffff],
    ] as const)
      expect(space.isFree(first, count), `${count} from ${first}`).to.equal(false)
  })

  it('stops when a block is taken twice, or released twice', () => {
    const space = new BlockSpace(4)
    space.occupy(0, 2)
    expect(() => space.occupy(1, 1)).to.throw('Invariant broken: block 1 was free before it was taken')
    expect(() => space.release(2, 1)).to.throw('Invariant broken: block 2 was taken before it was released')
  })

  it('behaves as a list of flags does, whatever is taken and released', () => {
    const steps = fc.array(fc.record({ take: fc.boolean(), size: fc.integer({ min: 1, max: 6 }), which: fc.nat() }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), steps, (blockCount, list) => {
        const space = new BlockSpace(blockCount)
        const free = Array.from({ length: blockCount }, () => true)
        const runs: { readonly first: number; readonly count: number }[] = []
        for (const { take, size, which } of list) {
          if (take) {
            const expected = firstGap(free, size)
            expect(space.hasGap(size)).to.equal(expected !== undefined)
            expect(space.take(size)).to.equal(expected)
            if (expected === undefined) continue
            free.fill(false, expected, expected + size)
            runs.push({ first: expected, count: size })
          } else if (runs.length > 0) {
            const [run] = runs.splice(which % runs.length, 1)
            space.release(run!.first, run!.count)
            free.fill(true, run!.first, run!.first + run!.count)
          }
          expect(space.freeCount).to.equal(free.filter(Boolean).length)
        }
      }),
    )
  })
})
