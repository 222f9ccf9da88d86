import { expect } from 'chai'
import { raftFailure } from '../testing/raft-failure.js'
import { NodeGroup } from '../testing/node-group.js'
import { bytesOf } from '../testing/list-machine.js'

const three = { voters: [1, 2, 3] }

describe('RaftNode and its group', () => {
  describe('reads', () => {
    it('see what was acknowledged before, on every node', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      await group.finish(leader.propose(bytesOf('a')))
      for (const id of [1, 2, 3]) {
        await group.finish(group.node(id).readIndex())
        expect(group.commands(id)).to.deep.equal(['a'])
      }
    })

    it('share one confirmation', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      let heartbeats = 0
      group.network.onSent = ({ type }) => (heartbeats += type === 'Heartbeat' ? 1 : 0)
      await group.finish(Promise.all(Array.from({ length: 1_000 }, () => leader.readIndex())))
      expect(heartbeats).to.be.at.most(4)
    })

    it('ask again when an answer was lost', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const follower = group.node([1, 2, 3].find((id) => id !== leader.id)!)
      let lost = 0
      group.network.isLost = ({ type }) => type === 'ReadIndexResponse' && lost++ === 0
      await group.finish(follower.readIndex())
      expect(lost).to.equal(2)
    })

    it('are not answered by a leader that was deposed', async () => {
      const group = await NodeGroup.started({ ...three, timing: { readTimeoutTicks: 60 } })
      const old = await group.leader()
      group.network.cut(old.id)
      const read = old.readIndex()
      expect((await raftFailure(group.finish(read))).code).to.equal('RAFT_TIMED_OUT')
    })
  })

  describe('memberships', () => {
    it('grow by a learner that catches up and is promoted, and shrink again', async () => {
      const group = await NodeGroup.started({ voters: [1] })
      await group.settle()
      await group.finish(group.node(1).propose(bytesOf('a')))
      await group.start(2)
      expect((await group.finish(group.node(1).addLearner(2))).learners).to.deep.equal([2])
      await group.until(() => group.commands(2).length === 1, 'the learner')
      expect(group.node(2).status().role).to.equal('Learner')
      expect((await group.finish(group.node(1).promote(2))).voters).to.deep.equal([1, 2])
      await group.pass(2)
      expect(group.node(2).status()).to.include({ role: 'Follower', leader: 1 })
      expect((await group.finish(group.node(1).remove(2))).voters).to.deep.equal([1])
      await group.finish(group.node(1).propose(bytesOf('b')))
      expect(group.node(1).status().voterConfigurations).to.deep.equal([[1]])
    })

    it('take no learner that lags, and no second change at a time', async () => {
      const group = await NodeGroup.started({ voters: [1, 2], limits: { promotionLagEntryCount: 10 } })
      const leader = await group.leader()
      for (let at = 0; at < 30; at++) await group.finish(leader.propose(bytesOf(`${at}`)))
      const first = leader.addLearner(3)
      expect(await raftFailure(leader.addLearner(4))).to.include({
        code: 'RAFT_CHANGE_REFUSED',
        reason: 'change-pending',
      })
      await group.finish(first)
      expect(await raftFailure(leader.promote(3))).to.include({ reason: 'learner-lags' })
    })

    it('are changed by the leader only, and the leader hands over before it goes', async () => {
      const group = await NodeGroup.started(three)
      const old = await group.leader()
      const other = group.node([1, 2, 3].find((id) => id !== old.id)!)
      expect(await raftFailure(other.addLearner(9))).to.include({ code: 'RAFT_NOT_LEADER', reason: 'elsewhere' })
      const error = await raftFailure(group.finish(old.remove(old.id)))
      expect(error).to.include({ code: 'RAFT_NOT_LEADER', reason: 'transferred' })
      const next = await group.leader()
      expect(next.id).not.to.equal(old.id)
      expect((await group.finish(next.remove(old.id))).voters).to.not.include(old.id)
    })

    it('survive restarts', async () => {
      const group = await NodeGroup.started({
        voters: [1],
        limits: { snapshotLogBytesMin: 500, trailingEntryCount: 2 },
      })
      await group.settle()
      await group.start(2)
      await group.finish(group.node(1).addLearner(2))
      await group.until(() => group.node(2).status().lastApplied.index > 2, 'the learner')
      await group.finish(group.node(1).promote(2))
      for (let at = 0; at < 40; at++) await group.finish(group.node(1).propose(bytesOf(`${at}`)))
      for (const id of [1, 2]) group.crash(id)
      for (const id of [1, 2]) await group.start(id)
      const leader = await group.leader()
      expect(leader.membership.voters).to.deep.equal([1, 2])
      expect(await group.finish(leader.propose(bytesOf('z')))).to.equal(41)
    })
  })

  describe('leadership', () => {
    it('goes to the member that is named, from any node', async () => {
      const group = await NodeGroup.started(three)
      const old = await group.leader()
      const [target, asked] = [1, 2, 3].filter((id) => id !== old.id) as [number, number]
      await group.finish(group.node(asked).transferLeadership(target))
      expect((await group.leader()).id).to.equal(target)
    })

    it('stays when the one that is named is down', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const target = [1, 2, 3].find((id) => id !== leader.id)!
      group.crash(target)
      expect((await raftFailure(group.finish(leader.transferLeadership(target)))).code).to.equal('RAFT_TIMED_OUT')
      expect(await group.finish(leader.propose(bytesOf('a')))).to.equal(1)
    })
  })

  describe('stop', () => {
    it('settles what was proposed, hands over, and closes everything', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const answers = Promise.all(['a', 'b'].map((text) => leader.propose(bytesOf(text))))
      const stopped = leader.stop()
      expect((await raftFailure(leader.propose(bytesOf('c')))).code).to.equal('RAFT_STOPPED')
      expect(await group.finish(answers)).to.deep.equal([1, 2])
      await group.finish(stopped)
      expect(group.life(leader.id).store.isClosed).to.equal(true)
      expect(leader.status()).to.include({ role: 'Shutdown', leader: null })
      const others = [1, 2, 3].filter((id) => id !== leader.id)
      expect(others.some((id) => group.node(id).status().role === 'Leader')).to.equal(true)
      await leader.stop()
    })

    it('does not wait for ever where there is no quorum', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      group.network.cut(leader.id)
      const answer = raftFailure(leader.propose(bytesOf('a')))
      await group.settle()
      await group.finish(leader.stop(), 60)
      expect((await answer).code).to.equal('RAFT_OUTCOME_UNKNOWN')
    })
  })
})
