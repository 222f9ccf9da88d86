import { expect } from 'chai'
import { randomBelow, seededRandom } from './seeded-random.js'

describe('seeded random', () => {
  it('repeats itself for the same seed and not for another', () => {
    const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed))
    expect(draw(5)).to.deep.equal(draw(5))
    expect(draw(5)).not.to.deep.equal(draw(6))
  })

  it('fills its range evenly', () => {
    const random = seededRandom(1)
    const counts = new Array<number>(10).fill(0)
    for (let draw = 0; draw < 10_000; draw += 1) counts[randomBelow(random, 10)]! += 1
    expect(counts.reduce((sum, count) => sum + count)).to.equal(10_000)
    for (const count of counts) expect(count).to.be.within(850, 1150)
  })
})
