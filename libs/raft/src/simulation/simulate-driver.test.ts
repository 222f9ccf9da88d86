import { expect } from 'chai'
import { simulateDriver } from './simulate-driver.js'

describe('simulation of whole nodes', function () {
  this.timeout(120_000)

  it('keeps every promise under 60 seeds of faults, and does real work', async () => {
    const totals = { acknowledged: 0, reads: 0, crashes: 0 }
    for (let seed = 1; seed <= 60; seed++) {
      const { failure, acknowledged, reads, crashes } = await simulateDriver({ seed, steps: 3_000 })
      expect(failure, `seed ${seed} (npm run simulate:raft -- --driver --first ${seed} --seeds 1)`).to.equal(undefined)
      totals.acknowledged += acknowledged
      totals.reads += reads
      totals.crashes += crashes
    }
    expect(totals.acknowledged).to.be.above(500)
    expect(totals.reads).to.be.above(100)
    expect(totals.crashes).to.be.above(500)
  })

  it('does the same again for the same seed', async () => {
    const run = () => simulateDriver({ seed: 5, steps: 2_000 })
    expect(await run()).to.deep.equal(await run())
  })
})
