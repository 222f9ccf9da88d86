import { expect } from 'chai'
import { linkFaults } from './link-faults.js'

describe('the links that a fault concerns', () => {
  const ids = [1, 2, 8, 4, 5]

  it('are all between the two sides of a partition', () => {
    const cuts = [
      [1, 2],
      [1, 4],
      [1, 5],
      [8, 2],
      [8, 4],
      [8, 5],
    ].map((between) => ({ kind: 'cut', between }))
    expect(linkFaults({ kind: 'partition', side: [0, 2] }, ids)).to.deep.equal(cuts)
  })

  it('are none of the bridge', () => {
    const faults = linkFaults({ kind: 'bridge', side: [0, 1], bridge: 2 }, ids)
    expect(faults).to.have.length(4)
    expect(JSON.stringify(faults)).to.not.contain('8')
  })

  it('are those from the silent to the others, and not back', () => {
    expect(linkFaults({ kind: 'one-way', silent: [2] }, ids)).to.deep.equal(
      [1, 2, 4, 5].map((to) => ({ kind: 'silent', from: 8, to })),
    )
  })

  it('are those of the slow node', () => {
    const faults = linkFaults({ kind: 'slow-links', seat: 4, delayMs: 50 }, ids)
    expect(faults).to.deep.equal([1, 2, 8, 4].map((other) => ({ kind: 'slow', between: [5, other], delayMs: 50 })))
  })

  it('are none for a fault of a process', () => {
    expect(linkFaults({ kind: 'kill', seat: 1 }, ids)).to.deep.equal([])
  })
})
