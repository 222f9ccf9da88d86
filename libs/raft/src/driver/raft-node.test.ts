import { expect } from 'chai'
import { type RaftError } from '../core/errors.js'
import { raftFailure } from '../testing/raft-failure.js'
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
    expect(await raftFailure(group.finish(group.node(1).propose(bytesOf('a'))))).to.include({
      code: 'RAFT_PROPOSAL_DROPPED',
      reason: 'no-leader',
      message: 'Cannot propose: no-leader',
    })
  })

  it('bounds what was not answered, and says so', async () => {
    const group = await NodeGroup.started({ ...three, limits: { pendingBytesMax: 100 } })
    const leader = await group.leader()
    for (let round = 0; round < 2; round++) {
      const fits = leader.propose(bytesOf('x'.repeat(70)))
      expect(await raftFailure(leader.propose(bytesOf('y'.repeat(70))))).to.include({ reason: 'queue-full' })
      await group.settle()
      expect(await group.finish(fits)).to.equal(1 + round)
    }
    group.network.cut(leader.id)
    const lost = leader.propose(bytesOf('x'.repeat(70)))
    await group.settle()
    expect(await raftFailure(leader.propose(bytesOf('y'.repeat(70))))).to.include({ reason: 'queue-full' })
    expect((await raftFailure(group.finish(lost))).code).to.equal('RAFT_OUTCOME_UNKNOWN')
    expect(await raftFailure(group.finish(leader.propose(bytesOf('z'))))).to.include({ reason: 'no-leader' })
    expect(await raftFailure(group.finish(leader.propose(bytesOf('z'.repeat(99)))))).to.include({ reason: 'no-leader' })
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
    const error = await raftFailure(group.finish(leader.propose(bytesOf('lost'))))
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
    expect(await raftFailure(group.finish(answer))).to.include({ code: 'RAFT_PROPOSAL_DROPPED', reason: 'superseded' })
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
    await group.until(
      () => group.node(next).status().term > old.status().term || old.status().role !== 'Leader',
      'an election',
    )
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
    expect(await raftFailure(group.finish(answer))).to.include({ code: 'RAFT_OUTCOME_UNKNOWN' })
  })

  it('refuses settings that make no sense', async () => {
    const group = new NodeGroup(three)
    const error = await raftFailure(group.start(1, { timing: { tickMs: 0 } }))
    expect(error).to.include({ code: 'RAFT_INVALID_CONFIG' })
    expect(error.message).to.equal('Cannot start a node with tickMs 0: must be 1 or more')
  })
})
