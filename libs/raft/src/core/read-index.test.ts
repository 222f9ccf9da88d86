import { expect } from 'chai'
import { GroupFixture } from '../testing/group-fixture.js'
import { NodeFixture, bytesOf, ofType } from '../testing/node-fixture.js'
import { type MessageDraft } from './message.js'

function heartbeatResponse(from: number, context: number, term = 1): MessageDraft {
  return { type: 'HeartbeatResponse', from, to: 1, term, context }
}

describe('linearizable read', () => {
  it('is answered when a quorum has answered a heartbeat that came after it', () => {
    const node = new NodeFixture({ voters: [1, 2, 3, 4, 5] }).lead().acknowledgeAll()
    node.core.readIndex(77)
    const heartbeats = ofType(node.settle(), 'Heartbeat')
    expect(heartbeats.map(({ context }) => context)).to.deep.equal([1, 1, 1, 1])
    node.answerTo(heartbeatResponse(2, 1))
    expect(node.readStates).to.deep.equal([])
    node.answerTo(heartbeatResponse(2, 1))
    expect(node.readStates).to.deep.equal([])
    node.answerTo(heartbeatResponse(3, 1))
    expect(node.readStates).to.deep.equal([{ index: 1, context: 77 }])
  })

  it('is not answered by heartbeats that went out before it', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.ticks(1)
    node.core.readIndex(77)
    node.settle()
    node.answerTo(heartbeatResponse(2, 0))
    node.answerTo(heartbeatResponse(3, 0))
    expect(node.readStates).to.deep.equal([])
  })

  it('is answered with the commit index of its arrival', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.readIndex(1)
    node.core.propose(bytesOf(1))
    node.settle()
    node.acknowledgeAll()
    node.core.readIndex(2)
    node.settle()
    node.answerTo(heartbeatResponse(2, 2))
    expect(node.readStates).to.deep.equal([
      { index: 1, context: 1 },
      { index: 2, context: 2 },
    ])
  })

  it('waits until the leader has committed something of its term (etcd#7331)', () => {
    const node = new NodeFixture({ terms: [1], hardState: { term: 1, vote: 0, commit: 1 } }).lead()
    node.core.readIndex(77)
    expect(ofType(node.settle(), 'Heartbeat')).to.deep.equal([])
    node.step({ type: 'AppendResponse', from: 2, to: 1, term: 2, index: 2 })
    expect(ofType(node.settle(), 'Heartbeat').length).to.equal(2)
    node.answerTo(heartbeatResponse(2, 1, 2))
    expect(node.readStates).to.deep.equal([{ index: 2, context: 77 }])
  })

  it('waits for that even when the leader is alone: after a restart its commit index may be old (raft#105)', () => {
    const node = new NodeFixture({ voters: [1], terms: [1, 1, 1], hardState: { term: 1, vote: 1, commit: 1 } })
    node.core.campaign()
    while (node.core.status().role !== 'leader') {
      node.log.write(node.core.ready())
      node.core.advance()
    }
    node.core.readIndex(77)
    node.settle()
    expect(node.readStates).to.deep.equal([{ index: 4, context: 77 }])
  })

  it('is lost with the leadership', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.readIndex(77)
    node.settle()
    node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 3 })
    node.answerTo(heartbeatResponse(3, 1))
    node.answerTo(heartbeatResponse(3, 1, 3))
    expect(node.readStates).to.deep.equal([])
  })

  it('that was lost is not answered when the same node leads again', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.readIndex(77)
    node.settle()
    node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 3 })
    node.lead().acknowledgeAll()
    expect(ofType(node.ticks(1), 'Heartbeat').map(({ context }) => context)).to.deep.equal([0, 0])
    node.answerTo(heartbeatResponse(2, 1, 4))
    expect(node.readStates).to.deep.equal([])
  })

  it('is not confirmed by learners', () => {
    const node = new NodeFixture({ learners: [4, 5] }).lead().acknowledgeAll()
    node.core.readIndex(77)
    node.settle()
    node.answerTo(heartbeatResponse(4, 1))
    node.answerTo(heartbeatResponse(5, 1))
    expect(node.readStates).to.deep.equal([])
  })

  it('needs both halves of a joint configuration', () => {
    const confState = { voters: [1, 2, 3], votersOutgoing: [1, 4, 5], learners: [], learnersNext: [], autoLeave: false }
    const node = new NodeFixture({ confState }).lead()
    for (const from of [2, 4]) node.step({ type: 'AppendResponse', from, to: 1, term: 1, index: 1 })
    node.settle()
    node.core.readIndex(77)
    node.settle()
    node.answerTo(heartbeatResponse(2, 1))
    node.answerTo(heartbeatResponse(3, 1))
    expect(node.readStates).to.deep.equal([])
    node.answerTo(heartbeatResponse(5, 1))
    expect(node.readStates.length).to.equal(1)
  })

  it('goes through the leader when a follower or learner asks', () => {
    const group = new GroupFixture(3, {}, 1)
    group.elect(1)
    for (const id of [2, 4]) {
      const { core } = group.node(id)
      expect(core.readIndex(id * 10)).to.deep.equal({ kind: 'accepted' })
      const seen: unknown[] = []
      const original = core.ready.bind(core)
      core.ready = () => {
        const ready = original()
        seen.push(...ready.readStates)
        return ready
      }
      group.settle()
      expect(seen, `node ${id}`).to.deep.equal([{ index: 3, context: id * 10 }])
    }
  })

  it('is refused where no leader is known', () => {
    const node = new NodeFixture({})
    expect(node.core.readIndex(1)).to.deep.equal({ kind: 'dropped', reason: 'no-leader' })
    node.core.campaign()
    expect(node.core.readIndex(1)).to.deep.equal({ kind: 'dropped', reason: 'no-leader' })
  })

  describe('on a lease', () => {
    const lease = { readMode: 'lease', checkQuorum: true } as const

    it('is answered at once', () => {
      const node = new NodeFixture(lease).lead().acknowledgeAll()
      node.core.readIndex(77)
      expect(node.settle()).to.deep.equal([])
      expect(node.readStates).to.deep.equal([{ index: 1, context: 77 }])
    })

    it('asks the quorum once somebody was told to campaign without waiting (raft-rs#234)', () => {
      const node = new NodeFixture(lease).lead().acknowledgeAll()
      node.core.transferLeader(2)
      expect(ofType(node.settle(), 'TimeoutNow').length).to.equal(1)
      node.core.readIndex(77)
      expect(ofType(node.settle(), 'Heartbeat').length).to.equal(2)
      expect(node.readStates).to.deep.equal([])
      node.answerTo(heartbeatResponse(3, 1))
      expect(node.readStates.length).to.equal(1)
    })

    it('does not let a follower forget its leader', () => {
      const node = new NodeFixture(lease)
      node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 1 })
      expect(node.core.forgetLeader()).to.equal(false)
      expect(node.core.status().leader).to.equal(2)
    })
  })

  it('lets a follower forget its leader otherwise, within the term', () => {
    const node = new NodeFixture({})
    node.answerTo({ type: 'Heartbeat', from: 2, to: 1, term: 4 })
    expect(node.core.forgetLeader()).to.equal(true)
    expect(node.core.status()).to.deep.include({ leader: 0, term: 4, role: 'follower' })
  })
})
