import { expect } from 'chai'
import { RandomStream } from './random.js'
import { sabotages, type Sabotage } from './sabotage.js'
import { simulate } from './simulate.js'

const steps = 3_000

describe('simulation', function () {
  this.timeout(120_000)

  it('keeps every promise under 300 seeds of faults, and does real work', () => {
    const totals = { committed: 0, writes: 0, reads: 0 }
    for (let seed = 1; seed <= 300; seed++) {
      const { failure, committedIndex, completedWrites, completedReads } = simulate({ seed, steps })
      expect(failure, `seed ${seed} (npm run simulate:raft -- --first ${seed} --seeds 1)`).to.equal(undefined)
      totals.committed += committedIndex
      totals.writes += completedWrites
      totals.reads += completedReads
    }
    expect(totals.committed).to.be.greaterThan(6_000)
    expect(totals.writes).to.be.greaterThan(3_000)
    expect(totals.reads).to.be.greaterThan(2_000)
  })

  it('does the same again for the same seed, and something else for another', () => {
    const hashes = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      const first = simulate({ seed, steps })
      expect(simulate({ seed, steps })).to.deep.equal(first)
      hashes.add(first.traceHash)
    }
    expect(hashes.size).to.equal(20)
  })

  describe('finds a driver or storage that', () => {
    for (const sabotage of sabotages) {
      it(`breaks the rule: ${sabotage}`, () => {
        expect(firstFailure(sabotage)).to.be.a('string')
      })
    }
  })

  it('draws evenly', () => {
    const random = new RandomStream(7)
    const counts = [0, 0, 0, 0, 0]
    for (let draw = 0; draw < 5_000; draw++) counts[random.integer(5)]!++
    for (const count of counts) expect(count).to.be.within(850, 1_150)
    let hits = 0
    for (let draw = 0; draw < 5_000; draw++) if (random.chance(20)) hits++
    expect(hits).to.be.within(850, 1_150)
  })
})

/** What the first of 1,000 seeds says that fails; undefined when none does. */
function firstFailure(sabotage: Sabotage): string | undefined {
  for (let seed = 1; seed <= 1_000; seed++) {
    const { failure } = simulate({ seed, steps, sabotage })
    if (failure !== undefined) return failure.message
  }
  return undefined
}
