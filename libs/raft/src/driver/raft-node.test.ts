import { expect } from 'chai'
import { RaftError } from '../core/errors.js'
import { NodeGroup } from '../testing/node-group.js'
import { bytesOf } from '../testing/list-machine.js'

const three = { voters: [1, 2, 3] }

describe('RaftNode', () => {
  it('is a group of one at once, and answers with what the state machine says', async () => {
    const group = await NodeGroup.started({ voters: [7] })
    await group.settle()
    expect(group.node(7).status()).to.include({ role: 'Leader', leader: 7 })
    expect(await group.finish(group.node(7).propose(bytesOf('a')))).to.equal(1)
    expect(await group.finish(group.node(7).propose(bytesOf('b')))).to.equal(2)
    expect(group.commands(7)).to.deep.equal(['a', 'b'])
  })

  for (const voters of [
    [1, 2, 3],
    [1, 2, 3, 4, 5],
  ]) {
    it(`applies 5,000 pipelined proposals of ${voters.length} nodes once, in order, on all`, async () => {
      const group = await NodeGroup.started({ voters })
      const leader = await group.leader()
      const answers: Promise<number>[] = []
      for (let at = 0; at < 5_000; at++) {
        answers.push(leader.propose(bytesOf(`c${at}`)))
        if (at % 250 === 249) await group.settle()
      }
      const results = await group.finish(Promise.all(answers))
      expect(results).to.deep.equal(Array.from({ length: 5_000 }, (_, at) => at + 1))
      await group.pass(3)
      for (const id of voters) expect(group.commands(id)).to.deep.equal(group.commands(leader.id))
      expect(group.commands(1)[4_999]).to.equal('c4999')
    })
  }

  it('shares writes and messages between the proposals of one turn', async () => {
    const group = await NodeGroup.started(three)
    const leader = await group.leader()
    const before = group.life(leader.id).store.writeCount
    let appends = 0
    group.network.onSent = ({ type, entries }) => (appends += type === 'Append' && entries.length > 0 ? 1 : 0)
    await group.finish(Promise.all(Array.from({ length: 500 }, (_, at) => leader.propose(bytesOf(`c${at}`)))))
    expect(group.life(leader.id).store.writeCount - before).to.be.at.most(2)
    expect(appends).to.equal(2)
  })

  it('passes proposals of a follower on, and answers there when they are applied there', async () => {
    const group = await NodeGroup.started(three)
    const leader = await group.leader()
    const follower = group.node([1, 2, 3].find((id) => id !== leader.id)!)
    const results = await group.finish(Promise.all(['a', 'b', 'c'].map((text) => follower.propose(bytesOf(text)))))
    expect(results).to.deep.equal([1, 2, 3])
    expect(group.commands(follower.id)).to.deep.equal(['a', 'b', 'c'])
  })

  it('gives back a proposal when nobody leads, with the reason', async () => {
    const group = await NodeGroup.started(three)
    expect(await failure(group.finish(group.node(1).propose(bytesOf('a'))))).to.include({
      code: 'RAFT_PROPOSAL_DROPPED',
      reason: 'no-leader',
      message: 'Cannot propose: no-leader',
    })
  })

  it('bounds what waits, and says so', async () => {
    const group = await NodeGroup.started({ ...three, limits: { waitingBytesMax: 100 } })
    const leader = await group.leader()
    const fits = leader.propose(bytesOf('x'.repeat(70)))
    expect(await failure(leader.propose(bytesOf('y'.repeat(70))))).to.include({ reason: 'queue-full' })
    expect(await group.finish(fits)).to.equal(1)
  })

  it('bounds what is uncommitted: takes what fits and gives back the rest', async () => {
    const group = await NodeGroup.started({ ...three, limits: { uncommittedBytesMax: 200 } })
    const leader = await group.leader()
    group.network.cut(leader.id)
    const answers = [leader.propose(bytesOf('a'.repeat(60)))]
    await group.settle()
    answers.push(...['b', 'c', 'd'].map((text) => leader.propose(bytesOf(text.repeat(60)))))
    const outcomes = Promise.all(answers.map((one) => one.then(String, ({ reason }: RaftError) => reason)))
    await group.settle()
    group.network.heal()
    expect(await group.finish(outcomes)).to.deep.equal([
      '1',
      '2',
      'uncommitted-bytes-exceeded',
      'uncommitted-bytes-exceeded',
    ])
  })

  it('says that the outcome is unknown when a leader is cut off, and means it', async () => {
    const group = await NodeGroup.started(three)
    const leader = await group.leader()
    group.network.cut(leader.id)
    const error = await failure(group.finish(leader.propose(bytesOf('lost'))))
    expect(error.code).to.equal('RAFT_OUTCOME_UNKNOWN')
    expect(leader.status().role).not.to.equal('Leader')
  })

  it('says that a proposal was replaced, once another entry stands in its place', async () => {
    const group = await NodeGroup.started(three)
    const old = await group.leader()
    group.network.cut(old.id)
    const answer = old.propose(bytesOf('lost'))
    answer.catch(() => undefined)
    const others = [1, 2, 3].filter((id) => id !== old.id)
    await group.until(() => others.some((id) => group.node(id).status().role === 'Leader'), 'another leader')
    group.network.heal()
    expect(await failure(group.finish(answer))).to.include({ code: 'RAFT_PROPOSAL_DROPPED', reason: 'superseded' })
    await group.pass(5)
    for (const id of [1, 2, 3]) expect(group.commands(id)).to.deep.equal([])
  })

  it('answers a proposal whose leader lost its office, when the next leader commits it', async () => {
    const group = await NodeGroup.started(three)
    const old = await group.leader()
    const next = [1, 2, 3].find((id) => id !== old.id)!
    group.network.isLost = ({ type, to }) => type === 'AppendResponse' && to === old.id
    const answer = old.propose(bytesOf('kept'))
    await group.settle()
    group.network.isLost = ({ from, to }) => from === old.id || to === old.id
    await group.until(() => group.node(next).status().term > old.status().term || old.status().role !== 'Leader', 'x')
    group.network.heal()
    expect(await group.finish(answer)).to.equal(1)
  })

  it('does not take a proposal of its former life for one of this life', async () => {
    const group = await NodeGroup.started(three)
    const leader = await group.leader()
    const id = [1, 2, 3].find((one) => one !== leader.id)!
    const messages: Parameters<typeof leader.receive>[0][] = []
    group.network.onSent = (message) => message.type === 'Propose' && messages.push(message)
    group
      .node(id)
      .propose(bytesOf('old'))
      .catch(() => undefined)
    group.network.isLost = ({ type }) => type === 'Propose'
    await group.settle()
    group.crash(id)
    const restarted = await group.start(id)
    await group.pass(3)
    const answer = restarted.propose(bytesOf('new'))
    await group.settle()
    leader.receive(messages[0]!)
    group.network.heal()
    await group.pass(2)
    expect(group.commands(id)).to.deep.equal(['old'])
    expect(await failure(group.finish(answer))).to.include({ code: 'RAFT_OUTCOME_UNKNOWN' })
  })

  describe('restarts', () => {
    it('twice in a row, leader and follower, loses nothing and applies nothing twice', async () => {
      const group = await NodeGroup.started(three)
      const expected: string[] = []
      for (let round = 0; round < 4; round++) {
        const leader = await group.leader()
        const victim = round % 2 === 0 ? leader.id : [1, 2, 3].find((id) => id !== leader.id)!
        for (let at = 0; at < 20; at++) expected.push(`r${round}c${at}`)
        const texts = expected.slice(-20)
        await group.finish(Promise.all(texts.map((text) => leader.propose(bytesOf(text)))))
        for (let again = 0; again < 2; again++) {
          group.crash(victim)
          await group.start(victim)
        }
        await group.leader()
        await group.pass(5)
        for (const id of [1, 2, 3]) expect(group.commands(id), `round ${round}, node ${id}`).to.deep.equal(expected)
      }
    })

    it('keep a write that was under way whole, whether it had reached the disk or not', async () => {
      for (const reaches of [true, false]) {
        const group = await NodeGroup.started(three)
        const leader = await group.leader()
        group.life(leader.id).store.isHeld = true
        const answer = leader.propose(bytesOf('a'))
        answer.catch(() => undefined)
        await group.settle()
        group.crash(leader.id, reaches)
        await group.start(leader.id)
        await group.finish((await group.leader()).propose(bytesOf('b')))
        await group.pass(5)
        // The followers had it on their disks, so it survives in any case.
        for (const id of [1, 2, 3]) expect(group.commands(id)).to.deep.equal(['a', 'b'])
      }
    })

    it('start from more than 20,000 commands with snapshots, all nodes at once, twice', async function () {
      this.timeout(60_000)
      const limits = { snapshotLogBytesMin: 100_000, trailingEntryCount: 50 }
      const group = await NodeGroup.started({ ...three, limits })
      const leader = await group.leader()
      for (let from = 0; from < 21_000; from += 500) {
        const texts = Array.from({ length: 500 }, (_, at) => `${from + at}`)
        await group.finish(Promise.all(texts.map((text) => leader.propose(bytesOf(text)))))
      }
      await group.pass(3)
      expect(group.life(leader.id).store.savedSnapshotCount).to.be.within(2, 40)
      for (let round = 0; round < 2; round++) {
        for (const id of [1, 2, 3]) group.crash(id)
        for (const id of [1, 2, 3]) {
          expect((await group.start(id)).status().snapshotIndex).to.be.above(1_000)
        }
        await group.leader()
        await group.pass(3)
        for (const id of [1, 2, 3]) {
          expect(group.commands(id)).to.have.length(21_000)
          expect(group.commands(id)[20_999]).to.equal('20999')
        }
      }
      expect(await group.finish((await group.leader()).propose(bytesOf('next')))).to.equal(21_001)
    })
  })

  describe('snapshots', () => {
    const limits = { snapshotLogBytesMin: 2_000, trailingEntryCount: 5 }

    async function groupWithLaggard(): Promise<{ group: NodeGroup; laggard: number }> {
      const group = await NodeGroup.started({ ...three, limits })
      const leader = await group.leader()
      const laggard = [1, 2, 3].find((id) => id !== leader.id)!
      group.network.cut(laggard)
      for (let at = 0; at < 300; at++) await group.finish(leader.propose(bytesOf(`c${at}`)))
      return { group, laggard }
    }

    it('bring a follower up that is far behind', async () => {
      const { group, laggard } = await groupWithLaggard()
      group.network.heal()
      await group.until(() => group.commands(laggard).length === 300, 'the laggard')
      expect(group.life(laggard).machine.restoredCount).to.be.at.least(2)
      group.crash(laggard)
      await group.start(laggard)
      await group.pass(20)
      expect(group.commands(laggard)).to.have.length(300)
    })

    it('are sent again when one is lost on the way', async () => {
      const { group, laggard } = await groupWithLaggard()
      let lost = 0
      group.network.isLost = ({ type }) => type === 'Snapshot' && lost++ < 2
      await group.until(() => group.commands(laggard).length === 300, 'the laggard')
      expect(lost).to.equal(3)
    })

    it('are sent again when the outcome of one is never known', async () => {
      const options = { ...three, limits, timing: { snapshotTimeoutTicks: 8 } }
      const group = await NodeGroup.started(options)
      const leader = await group.leader()
      const laggard = [1, 2, 3].find((id) => id !== leader.id)!
      group.network.cut(laggard)
      for (let at = 0; at < 300; at++) await group.finish(leader.propose(bytesOf(`c${at}`)))
      let swallowed = 0
      group.network.swallows = ({ type }) => type === 'Snapshot' && swallowed++ < 1
      group.network.heal()
      await group.until(() => group.commands(laggard).length === 300, 'the laggard')
      expect(swallowed).to.equal(2)
    })

    it('that cannot be restored stop the node, and its next start', async () => {
      const group = await NodeGroup.started({ ...three, limits: { snapshotLogBytesMin: 200, trailingEntryCount: 1 } })
      const leader = await group.leader()
      const laggard = [1, 2, 3].find((id) => id !== leader.id)!
      group.network.cut(laggard)
      await group.finish(leader.propose(bytesOf('damaged')))
      for (let at = 0; at < 50; at++) await group.finish(leader.propose(bytesOf(`c${at}`)))
      group.network.heal()
      await group.until(() => group.life(laggard).fatal.length > 0, 'the failure')
      expect(group.life(laggard).fatal[0]?.message).to.match(
        /^Node \d has stopped: Cannot restore the snapshot at \d+: the bytes are damaged$/,
      )
      group.crash(laggard)
      expect((await failure(group.start(laggard))).code).to.equal('RAFT_CORRUPT_STATE')
    })
  })

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
      expect((await failure(group.finish(read))).code).to.equal('RAFT_TIMED_OUT')
    })
  })

  describe('storage', () => {
    it('that fails stops the node at once, loudly and silently', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const life = group.life(leader.id)
      life.store.failure = new Error('no space left')
      const answer = failure(leader.propose(bytesOf('a')))
      await group.settle()
      expect(life.fatal.map(({ message }) => message)).to.deep.equal([`Node ${leader.id} has stopped: no space left`])
      expect((await group.finish(answer)).code).to.equal('RAFT_OUTCOME_UNKNOWN')
      let sent = 0
      group.network.onSent = ({ from }) => (sent += from === leader.id ? 1 : 0)
      life.store.failure = undefined
      const writes = life.store.writeCount
      await group.pass(30)
      expect([sent, life.store.writeCount - writes]).to.deep.equal([0, 0])
      expect(leader.status().role).to.equal('Shutdown')
      expect((await failure(leader.propose(bytesOf('b')))).code).to.equal('RAFT_FAILED')
      expect((await group.leader()).id).not.to.equal(leader.id)
      expect(life.fatal).to.have.length(1)
    })

    it('that is slow breaks no leadership', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const term = leader.status().term
      for (const id of [1, 2, 3]) group.life(id).store.isHeld = true
      const answer = leader.propose(bytesOf('a'))
      await group.pass(60)
      expect(leader.status()).to.include({ role: 'Leader', term })
      for (const id of [1, 2, 3]) group.life(id).store.release()
      expect(await group.finish(answer)).to.equal(1)
      expect(leader.status()).to.include({ role: 'Leader', term })
    })

    it('that hangs costs a leader its office: heartbeats need no disk, so they must stop', async () => {
      const group = await NodeGroup.started({ ...three, timing: { storageStallTicks: 30 } })
      const old = await group.leader()
      group.life(old.id).store.isHeld = true
      old.propose(bytesOf('a')).catch(() => undefined)
      const others = [1, 2, 3].filter((id) => id !== old.id)
      await group.until(() => others.some((id) => group.node(id).status().role === 'Leader'), 'another leader')
      expect(await failure(old.propose(bytesOf('b')))).to.include({ reason: 'storage-stalled' })
      group.life(old.id).store.release()
      await group.finish((await group.leader()).propose(bytesOf('c')))
      await group.pass(5)
      expect(group.commands(old.id)).to.deep.equal(['a', 'c'])
    })

    it('is not heard of before it is durable: neither votes nor entries', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const [follower, other] = [1, 2, 3].filter((id) => id !== leader.id) as [number, number]
      group.life(follower).store.isHeld = true
      group.crash(other)
      let answers = 0
      group.network.onSent = ({ type, from, index }) =>
        (answers += type === 'AppendResponse' && from === follower && index > 2 ? 1 : 0)
      const answer = leader.propose(bytesOf('a'))
      answer.catch(() => undefined)
      await group.pass(5)
      expect([answers, leader.status().commitIndex]).to.deep.equal([0, 2])
      group.life(follower).store.release()
      expect(await group.finish(answer)).to.equal(1)
    })

    it('of the leader counts only when it is durable', async () => {
      const group = await NodeGroup.started({ voters: [1] })
      await group.settle()
      group.life(1).store.isHeld = true
      const answer = group.node(1).propose(bytesOf('a'))
      await group.settle()
      expect([group.node(1).status().commitIndex, group.commands(1).length]).to.deep.equal([2, 0])
      group.life(1).store.release()
      expect(await group.finish(answer)).to.equal(1)
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
      expect(await failure(leader.addLearner(4))).to.include({ code: 'RAFT_CHANGE_REFUSED', reason: 'change-pending' })
      await group.finish(first)
      expect(await failure(leader.promote(3))).to.include({ reason: 'learner-lags' })
    })

    it('are changed by the leader only, and the leader hands over before it goes', async () => {
      const group = await NodeGroup.started(three)
      const old = await group.leader()
      const other = group.node([1, 2, 3].find((id) => id !== old.id)!)
      expect(await failure(other.addLearner(9))).to.include({ code: 'RAFT_NOT_LEADER', reason: 'elsewhere' })
      const error = await failure(group.finish(old.remove(old.id)))
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
      await group.until(() => group.node(2).status().lastAppliedIndex > 2, 'the learner')
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
      expect((await failure(group.finish(leader.transferLeadership(target)))).code).to.equal('RAFT_TIMED_OUT')
      expect(await group.finish(leader.propose(bytesOf('a')))).to.equal(1)
    })
  })

  describe('stop', () => {
    it('settles what was proposed, hands over, and closes everything', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const answers = Promise.all(['a', 'b'].map((text) => leader.propose(bytesOf(text))))
      const stopped = leader.stop()
      expect((await failure(leader.propose(bytesOf('c')))).code).to.equal('RAFT_STOPPED')
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
      const answer = failure(leader.propose(bytesOf('a')))
      await group.settle()
      await group.finish(leader.stop(), 60)
      expect((await answer).code).to.equal('RAFT_OUTCOME_UNKNOWN')
    })
  })

  it('refuses settings that make no sense', async () => {
    const group = new NodeGroup(three)
    const error = await failure(group.start(1, { timing: { tickMs: 0 } }))
    expect(error).to.include({ code: 'RAFT_INVALID_CONFIG' })
    expect(error.message).to.equal('Cannot start a node with tickMs 0: must be 1 or more')
  })
})

async function failure(work: Promise<unknown>): Promise<RaftError> {
  try {
    await work
  } catch (error) {
    if (error instanceof RaftError) return error
    throw error
  }
  throw new Error('expected a failure')
}
