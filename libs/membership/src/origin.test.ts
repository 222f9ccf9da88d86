import { expect } from 'chai'
import { decideOrigin, type OriginQuestion } from './origin.js'

const fresh: OriginQuestion = { nodeId: 4, hasLog: false, clusterId: null, isFounder: false, seeds: [] }
const seeds = ['a:1']

describe('how a node starts', () => {
  it('begins a cluster when it holds nothing and is told of nobody', () => {
    expect(decideOrigin(fresh)).to.equal('found')
  })

  it('joins when it holds nothing and is told whom to ask', () => {
    expect(decideOrigin({ ...fresh, seeds })).to.equal('join')
  })

  it('goes on from its log, whatever it is told', () => {
    expect(decideOrigin({ ...fresh, hasLog: true, clusterId: 'blue' })).to.equal('restart')
    expect(decideOrigin({ ...fresh, hasLog: true, clusterId: 'blue', seeds })).to.equal('restart')
  })

  it('does again what a crash has interrupted', () => {
    expect(decideOrigin({ ...fresh, clusterId: 'blue', isFounder: true })).to.equal('found')
    expect(decideOrigin({ ...fresh, clusterId: 'blue', seeds })).to.equal('join')
  })

  it('never begins a cluster with the id of one that it was to join', () => {
    expect(() => decideOrigin({ ...fresh, clusterId: 'blue' })).to.throw(
      'Cannot start node 4 of cluster "blue": it was to join, and has got nothing yet: say again whom it is to join',
    )
  })
})
