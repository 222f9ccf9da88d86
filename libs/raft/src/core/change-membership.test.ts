import { expect } from 'chai'
import { GroupFixture } from '../testing/group-fixture.js'
import { NodeFixture, bytesOf, ofType } from '../testing/node-fixture.js'
import { encodeConfChange, type ConfChange, type SingleChange } from './conf-change.js'
import { InvariantViolation } from './invariant.js'
import { createMessage } from './message.js'

function change(transition: ConfChange['transition'], ...changes: readonly SingleChange[]): ConfChange {
  return { transition, changes }
}

const addVoter = (id: number): SingleChange => ({ type: 'addVoter', id })
const remove = (id: number): SingleChange => ({ type: 'remove', id })
const demote = (id: number): SingleChange => ({ type: 'addLearner', id })
const leave = change('auto')

describe('membership change of a running group', () => {
  it('takes effect when it is applied, not when it is appended', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.proposeConfChange(change('auto', addVoter(4)))
    node.settle()
    expect(node.core.status().confState.voters).to.deep.equal([1, 2, 3])
    node.step({ type: 'AppendResponse', from: 2, to: 1, term: 1, index: 2 })
    node.settle()
    expect(node.core.status().confState.voters).to.deep.equal([1, 2, 3, 4])
  })

  it('excludes another one until it is applied', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    expect(node.core.proposeConfChange(change('auto', addVoter(4))).kind).to.equal('appended')
    expect(node.core.proposeConfChange(change('auto', addVoter(5)))).to.deep.equal({
      kind: 'ignored',
      reason: 'change-pending',
    })
    node.settle()
    expect(node.log.entries(3, 4, 1_000)![0]).to.deep.include({ type: 'normal' })
    node.acknowledgeAll()
    expect(node.core.proposeConfChange(change('auto', addVoter(5))).kind).to.equal('appended')
  })

  it('waits for everything that a new leader has not applied', () => {
    const node = new NodeFixture({ terms: [1, 1], hardState: { term: 1, vote: 0, commit: 0 } }).lead()
    expect(node.core.proposeConfChange(change('auto', addVoter(4)))).to.deep.equal({
      kind: 'ignored',
      reason: 'change-pending',
    })
    node.acknowledgeAll()
    expect(node.core.proposeConfChange(change('auto', addVoter(4))).kind).to.equal('appended')
  })

  it('lets only the first of several in one message through', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    const data = encodeConfChange(change('auto', addVoter(4)))
    const entries = [data, data].map((one) => ({ term: 0, index: 0, type: 'confChangeV2' as const, data: one }))
    node.step({ type: 'Propose', from: 2, to: 1, entries })
    node.settle()
    expect(node.log.entries(2, 4, 1_000)!.map(({ type }) => type)).to.deep.equal(['confChangeV2', 'normal'])
  })

  it('that makes the quorum smaller commits what the smaller one holds', () => {
    const node = new NodeFixture({ voters: [1, 2] }).lead().acknowledgeAll()
    node.core.proposeConfChange(change('auto', remove(2)))
    node.core.propose(bytesOf(1))
    node.settle()
    node.answerTo({ type: 'AppendResponse', from: 2, to: 1, term: 1, index: 2 })
    expect(node.core.status()).to.deep.include({ commit: 3, applied: 3 })
  })

  it('that does not fit the configuration becomes an empty entry', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    expect(node.core.proposeConfChange(leave)).to.deep.equal({ kind: 'ignored', reason: 'not-joint' })
    node.settle()
    node.acknowledgeAll()
    node.core.proposeConfChange(change('explicit', addVoter(4)))
    node.settle()
    node.acknowledgeAll()
    expect(node.core.status().confState.votersOutgoing).to.deep.equal([1, 2, 3])
    expect(node.core.proposeConfChange(change('auto', addVoter(5)))).to.deep.equal({
      kind: 'ignored',
      reason: 'joint-needs-leaving',
    })
    expect(node.hasEvent('conf-change-ignored')).to.equal(true)
  })

  it('that would leave no voter is ignored instead of stopping all nodes', () => {
    const node = new NodeFixture({ transferBeforeRemoval: false }).lead().acknowledgeAll()
    const all = change('auto', remove(1), remove(2), remove(3))
    expect(node.core.proposeConfChange(all)).to.deep.equal({ kind: 'ignored', reason: 'all-voters-removed' })
  })

  it('cannot be made out of bytes that are none', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    const entries = [{ term: 0, index: 0, type: 'confChangeV2' as const, data: bytesOf(5) }]
    expect(node.step({ type: 'Propose', from: 2, to: 1, entries })).to.deep.equal({
      kind: 'dropped',
      reason: 'malformed-proposal',
    })
  })

  it('that is impossible when it is applied stops the node', () => {
    const node = new NodeFixture({})
    expect(() => node.core.applyConfChange(5, leave)).to.throw(InvariantViolation)
  })

  describe('joint configuration', () => {
    it('is left by the leader on its own, once, after it is applied', () => {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      node.core.proposeConfChange(change('auto', addVoter(4), remove(3)))
      node.settle()
      expect(node.core.status().lastIndex).to.equal(2)
      for (const from of [2, 3]) node.step({ type: 'AppendResponse', from, to: 1, term: 1, index: 2 })
      node.settle()
      expect(node.core.status().confState).to.deep.include({
        voters: [1, 2, 4],
        votersOutgoing: [1, 2, 3],
        autoLeave: true,
      })
      expect(node.core.status().lastIndex).to.equal(3)
      node.core.propose(bytesOf(1))
      node.settle()
      for (const from of [2, 3, 4]) node.step({ type: 'AppendResponse', from, to: 1, term: 1, index: 3 })
      node.settle()
      expect(node.core.status().confState).to.deep.include({ voters: [1, 2, 4], votersOutgoing: [] })
      expect(node.core.status().lastIndex).to.equal(4)
    })

    it('is left with one entry, however much is applied meanwhile (etcd#11046)', () => {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      node.core.proposeConfChange(change('auto', addVoter(4), addVoter(5)))
      node.core.propose(bytesOf(1))
      node.settle()
      for (const from of [2, 3]) node.answerTo({ type: 'AppendResponse', from, to: 1, term: 1, index: 2 })
      expect(node.core.status()).to.deep.include({ applied: 2, lastIndex: 4 })
      for (const from of [2, 3, 4]) node.answerTo({ type: 'AppendResponse', from, to: 1, term: 1, index: 3 })
      expect(node.core.status()).to.deep.include({ applied: 3, lastIndex: 4 })
    })

    it('needs both majorities to commit', () => {
      const confState = {
        voters: [1, 2, 3],
        votersOutgoing: [1, 4, 5],
        learners: [],
        learnersNext: [],
        autoLeave: false,
      }
      const node = new NodeFixture({ confState }).lead()
      node.step({ type: 'AppendResponse', from: 2, to: 1, term: 1, index: 1 })
      node.step({ type: 'AppendResponse', from: 3, to: 1, term: 1, index: 1 })
      expect(node.core.status().commit).to.equal(0)
      node.step({ type: 'AppendResponse', from: 5, to: 1, term: 1, index: 1 })
      expect(node.core.status().commit).to.equal(1)
    })

    it('is left after all when a transfer was in the way', () => {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      node.core.proposeConfChange(change('auto', addVoter(4), addVoter(5)))
      node.settle()
      node.core.transferLeader(2)
      node.settle()
      for (const from of [2, 3]) node.answerTo({ type: 'AppendResponse', from, to: 1, term: 1, index: 2 })
      expect(node.core.status()).to.deep.include({ lastIndex: 2, transferTarget: 2 })
      node.ticks(10)
      expect(node.core.status()).to.deep.include({ lastIndex: 3, transferTarget: 0 })
    })

    it('that is to be left by hand stays until then', () => {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      node.core.proposeConfChange(change('explicit', addVoter(4)))
      node.settle()
      node.acknowledgeAll()
      node.ticks(30)
      expect(node.core.status().confState.votersOutgoing).to.deep.equal([1, 2, 3])
      expect(node.core.proposeConfChange(leave).kind).to.equal('appended')
    })
  })

  describe('of the leader itself', () => {
    it('is refused: it must transfer leadership first', () => {
      const node = new NodeFixture({}).lead().acknowledgeAll()
      for (const one of [
        change('auto', remove(1)),
        change('auto', demote(1)),
        change('explicit', remove(1), addVoter(4)),
      ]) {
        expect(node.core.proposeConfChange(one)).to.deep.equal({ kind: 'dropped', reason: 'leader-would-leave' })
      }
      expect(node.core.status().lastIndex).to.equal(1)
    })

    it('makes it follow at once when it may not hand over', () => {
      const options = { transferBeforeRemoval: false, stepDownOnRemoval: true }
      const node = new NodeFixture(options).lead().acknowledgeAll()
      node.core.proposeConfChange(change('auto', remove(1)))
      node.settle()
      node.acknowledgeAll()
      expect(node.core.status()).to.deep.include({ role: 'follower', leader: 0 })
      node.ticks(50)
      expect(node.core.status().role).to.equal('follower')
    })

    it('lets it go on without taking proposals when it shall not follow', () => {
      const options = { transferBeforeRemoval: false, stepDownOnRemoval: false }
      const node = new NodeFixture(options).lead().acknowledgeAll()
      node.core.proposeConfChange(change('auto', remove(1)))
      node.settle()
      node.acknowledgeAll()
      expect(node.core.status().role).to.equal('leader')
      expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'dropped', reason: 'not-a-member' })
      expect(ofType(node.ticks(1), 'Heartbeat').map(({ to }) => to)).to.deep.equal([2, 3])
    })

    it('that somebody else proposed makes it hand over, so that even two members keep a leader', () => {
      const group = new GroupFixture(2, { transferBeforeRemoval: true, stepDownOnRemoval: true })
      group.elect(1)
      group.node(1).core.proposeConfChange(change('auto', remove(2)))
      // Leadership moves before the removal is committed, so that the new leader applies its own.
      group.isLost = ({ type }) => type === 'AppendResponse'
      group.settle()
      group.isLost = () => false
      group.node(1).core.transferLeader(2)
      group.tick(1, 1)
      group.settle()
      group.tickAll(60)
      expect(group.leader()).to.equal(1)
      expect(group.node(1).core.status().confState.voters).to.deep.equal([1])
      expect(group.node(1).core.propose(bytesOf(1)).kind).to.equal('appended')
    })

    it('at the end of a joint configuration makes it hand over before it leaves', () => {
      const group = new GroupFixture(3, { transferBeforeRemoval: true, stepDownOnRemoval: true })
      group.elect(2)
      group.node(2).core.proposeConfChange(change('implicit', remove(1)))
      group.isLost = ({ from }) => from === 1 || from === 3
      group.settle()
      group.heal()
      const proposals: number[] = []
      group
        .node(1)
        .core.step(createMessage({ type: 'TimeoutNow', from: 2, to: 1, term: group.node(2).core.status().term }))
      group.settle()
      group.tickAll(80)
      const leader = group.leader()
      expect([2, 3]).to.include(leader)
      expect(group.node(leader).core.status().confState).to.deep.include({ voters: [2, 3], votersOutgoing: [] })
      expect(group.node(leader).core.propose(bytesOf(1)).kind).to.equal('appended')
      group.settle()
      expect(proposals).to.deep.equal([])
    })
  })

  it('disturbs nobody through a member that was removed and does not know it', () => {
    const group = new GroupFixture(3, { preVote: true, checkQuorum: true })
    group.elect(1)
    group.cut(3)
    group.node(1).core.proposeConfChange(change('auto', remove(3)))
    group.settle()
    group.heal()
    const { term } = group.node(1).core.status()
    for (let round = 0; round < 60; round++) {
      group.node(3).core.tick()
      group.settle()
      group.tick(1)
    }
    expect(group.leader()).to.equal(1)
    expect(group.node(1).core.status().term).to.equal(term)
  })
})

describe('proposal', () => {
  it('says where it stands', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'appended', term: 1, index: 2 })
    expect(node.core.proposeBatch([bytesOf(1), bytesOf(2)])).to.deep.equal({ kind: 'appended', term: 1, index: 3 })
    expect(node.core.status().lastIndex).to.equal(4)
  })

  it('is dropped where no leader is known, with the reason', () => {
    const node = new NodeFixture({})
    expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'dropped', reason: 'no-leader' })
    node.core.campaign()
    expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'dropped', reason: 'no-leader' })
  })

  it('goes from a follower to the leader, unless that is turned off', () => {
    const heartbeat = { type: 'Heartbeat', from: 2, to: 1, term: 1 } as const
    const node = new NodeFixture({})
    node.answerTo(heartbeat)
    expect(node.core.propose(bytesOf(3))).to.deep.equal({ kind: 'forwarded', to: 2 })
    expect(node.settle()[0]).to.deep.include({ type: 'Propose', from: 1, to: 2, term: 0 })
    const strict = new NodeFixture({ disableProposalForwarding: true })
    strict.answerTo(heartbeat)
    expect(strict.core.propose(bytesOf(3))).to.deep.equal({ kind: 'dropped', reason: 'forwarding-disabled' })
  })

  it('of a follower is committed through the leader', () => {
    const group = new GroupFixture(3)
    group.elect(1)
    group.node(3).core.propose(bytesOf(3))
    group.settle()
    expect(group.node(2).log.newestState().data.length).to.equal(3)
  })
})
