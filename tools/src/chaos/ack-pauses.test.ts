import { expect } from 'chai'
import { longestPauseMs } from './ack-pauses.js'
import { percentilesOf, Timeline } from './timeline.js'

describe('the longest pause of acknowledgements', () => {
  it('is that between two of them within the window', () => {
    expect(longestPauseMs([0, 10, 15, 40, 45], 5, 42)).to.equal(25)
  })

  it('counts as a whole when it begins before the window or ends behind it', () => {
    expect(longestPauseMs([0, 100], 40, 60)).to.equal(100)
    expect(longestPauseMs([0, 10, 50, 500], 45, 60)).to.equal(450)
  })

  it('leaves out what is before and behind', () => {
    expect(longestPauseMs([0, 1000, 1010, 1020, 5000], 1005, 1015)).to.equal(10)
  })

  it('is the window when nothing is acknowledged at all', () => {
    expect(longestPauseMs([], 100, 350)).to.equal(250)
    expect(longestPauseMs([50], 100, 350)).to.equal(300)
  })
})

describe('the timeline of a run', () => {
  it('counts by the second', () => {
    const timeline = new Timeline()
    timeline.acked(2500, 4, 10)
    timeline.acked(2999, 6, 1)
    timeline.delivered(0)
    timeline.failed(1000, 'TIMED_OUT')
    timeline.failed(2000, 'REFUSED')
    timeline.failed(2100, 'REFUSED')
    expect(timeline.seconds.map(({ acked, delivered }) => [acked, delivered])).to.deep.equal([
      [0, 1],
      [0, 0],
      [11, 0],
    ])
    expect(timeline.errorCounts()).to.deep.equal([
      ['REFUSED', 2],
      ['TIMED_OUT', 1],
    ])
    expect(timeline.latencies()).to.include({ p50: 6, max: 6 })
  })

  it('knows percentiles', () => {
    const values = Array.from({ length: 1000 }, (_, at) => 1000 - at)
    expect(percentilesOf(values)).to.deep.equal({ p50: 501, p99: 991, p999: 1000, max: 1000 })
    expect(percentilesOf([])).to.deep.equal({ p50: 0, p99: 0, p999: 0, max: 0 })
  })
})
