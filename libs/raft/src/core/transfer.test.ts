import { expect } from 'chai'
import { GroupFixture } from '../testing/group-fixture.js'
import { NodeFixture, bytesOf, ofType } from '../testing/node-fixture.js'
import { type MessageDraft } from './message.js'

function acknowledgement(from: number, index: number): MessageDraft {
  return { type: 'AppendResponse', from, to: 1, term: 1, index }
}

describe('transfer of leadership', () => {
  it('tells a member that holds the whole log to campaign at once', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    expect(node.core.transferLeader(2)).to.deep.equal({ kind: 'started' })
    expect(ofType(node.settle(), 'TimeoutNow').map(({ to }) => to)).to.deep.equal([2])
  })

  it('lets a member that lags catch up first', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.propose(bytesOf(1))
    node.settle()
    node.core.transferLeader(2)
    expect(ofType(node.settle(), 'TimeoutNow')).to.deep.equal([])
    expect(ofType(node.answerTo(acknowledgement(2, 2)), 'TimeoutNow').length).to.equal(1)
  })

  it('takes no proposal meanwhile (TestLeaderTransferIgnoreProposal)', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.transferLeader(2)
    expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'dropped', reason: 'transfer-in-progress' })
    expect(node.core.status().lastIndex).to.equal(1)
  })

  it('is given up after an election timeout', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.ticks(9)
    node.core.transferLeader(2)
    node.ticks(9)
    expect(node.core.status().transferTarget).to.equal(2)
    node.ticks(1)
    expect(node.core.status()).to.deep.include({ transferTarget: 0, role: 'leader' })
    expect(node.core.propose(bytesOf(1)).kind).to.equal('appended')
  })

  it('goes to the newest target, and does not start again for the same one', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.transferLeader(2)
    expect(node.core.transferLeader(2)).to.deep.equal({ kind: 'ignored', reason: 'in-progress' })
    expect(node.core.transferLeader(3)).to.deep.equal({ kind: 'started' })
    expect(node.core.status().transferTarget).to.equal(3)
  })

  it('to itself ends the one before', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.transferLeader(2)
    expect(node.core.transferLeader(1)).to.deep.equal({ kind: 'ignored', reason: 'already-leader' })
    expect(node.core.status().transferTarget).to.equal(0)
  })

  it('never goes to a learner or a stranger', () => {
    const node = new NodeFixture({ learners: [4] }).lead().acknowledgeAll()
    for (const target of [4, 9]) {
      expect(node.core.transferLeader(target)).to.deep.equal({ kind: 'ignored', reason: 'not-a-voter' })
    }
    expect(node.core.status().transferTarget).to.equal(0)
  })

  it('is passed on by a follower, and refused where no leader is known', () => {
    const node = new NodeFixture({})
    expect(node.core.transferLeader(3)).to.deep.equal({ kind: 'ignored', reason: 'no-leader' })
    node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 1 })
    expect(node.core.transferLeader(3)).to.deep.equal({ kind: 'forwarded', to: 2 })
    expect(node.settle()[0]).to.deep.include({ type: 'TransferLeader', from: 3, to: 2, term: 1 })
    node.core.campaign()
    expect(node.core.transferLeader(3)).to.deep.equal({ kind: 'ignored', reason: 'no-leader' })
  })

  it('makes its target campaign in a real election, without asking first', () => {
    const node = new NodeFixture({ preVote: true, checkQuorum: true })
    node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 4 })
    const votes = ofType(node.answerTo({ type: 'TimeoutNow', from: 2, to: 1, term: 4 }), 'Vote')
    expect(votes.map(({ term, transfer }) => [term, transfer])).to.deep.equal([
      [5, true],
      [5, true],
    ])
  })

  it('succeeds although the others believe in their leader (TestLeaderTransferWithCheckQuorum)', () => {
    const group = new GroupFixture(3, { checkQuorum: true, preVote: true })
    group.elect(1)
    group.tickAll(2)
    group.node(1).core.transferLeader(3)
    group.settle()
    expect(group.leader()).to.equal(3)
    expect(group.node(1).core.status()).to.deep.include({ role: 'follower', leader: 3 })
    group.node(1).core.transferLeader(2)
    group.settle()
    expect(group.leader()).to.equal(2)
  })

  it('ends when its target is removed or demoted', () => {
    for (const type of ['remove', 'addLearner'] as const) {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      node.core.proposeConfChange({ transition: 'auto', changes: [{ type, id: 2 }] })
      node.settle()
      node.core.transferLeader(2)
      expect(node.core.status().transferTarget).to.equal(2)
      node.step(acknowledgement(3, 2))
      node.settle()
      expect(node.core.status().confState.voters, type).to.deep.equal([1, 3])
      expect(node.core.status().transferTarget, type).to.equal(0)
    }
  })

  it('is ignored as a wish of an earlier leader by who campaigns already', () => {
    const node = new NodeFixture({})
    node.core.campaign()
    node.settle()
    expect(node.answerTo({ type: 'TimeoutNow', from: 2, to: 1, term: 1 })).to.deep.equal([])
    expect(node.core.status().term).to.equal(1)
  })
})
