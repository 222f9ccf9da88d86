import { expect } from 'chai'
import { liveNodes, quorumContactMs } from './liveness.js'

const contacts = new Map([
  [2, 900],
  [3, 400],
])

describe('liveness', () => {
  it('takes a node for live while it answered lately, and itself always', () => {
    expect([...liveNodes(contacts, 1, 1000, 100)]).to.deep.equal([1, 2])
    expect([...liveNodes(contacts, 1, 1001, 100)]).to.deep.equal([1])
    expect([...liveNodes(contacts, 1, 1000, 600)]).to.deep.equal([1, 2, 3])
  })

  it('knows when it last heard a majority of the voters', () => {
    expect(quorumContactMs(contacts, new Set([1, 2, 3]), 1, 1000)).to.equal(900)
    expect(quorumContactMs(contacts, new Set([1, 2, 3, 4, 5]), 1, 1000)).to.equal(400)
    expect(quorumContactMs(contacts, new Set([2, 3]), 1, 1000), 'no voter itself').to.equal(400)
  })

  it('is its own quorum as the only voter, and has none that never answered', () => {
    expect(quorumContactMs(new Map(), new Set([1]), 1, 1000)).to.equal(1000)
    expect(quorumContactMs(new Map(), new Set([1, 2]), 1, 1000)).to.equal(-Infinity)
    expect(quorumContactMs(new Map(), new Set(), 1, 1000)).to.equal(-Infinity)
  })
})
