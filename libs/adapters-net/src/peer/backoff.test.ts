import { expect } from 'chai'
import { backoffDelayMs } from './backoff.js'

describe('backoff', () => {
  const limits = { backoffMinMs: 50, backoffMaxMs: 1000 }

  it('doubles with each failure, up to its limit', () => {
    const delays = [1, 2, 3, 4, 5, 6, 60, 2000].map((count) => backoffDelayMs(count, limits, 1))
    expect(delays).to.deep.equal([50, 100, 200, 400, 800, 1000, 1000, 1000])
  })

  it('leaves half of the wait to chance', () => {
    expect(backoffDelayMs(2, limits, 0)).to.equal(50)
    expect(backoffDelayMs(2, limits, 0.5)).to.equal(75)
  })
})
