import { expect } from 'chai'
import { GroupFixture } from '../testing/group-fixture.js'
import { NodeFixture, confStateOf, ofType, snapshotOf } from '../testing/node-fixture.js'
import { encodeConfChange } from './conf-change.js'
import { MemoryLog } from './memory-log.js'
import { createMessage, type MessageDraft } from './message.js'
import { quietConfig } from '../testing/node-fixture.js'
import { RaftCore } from './raft-core.js'
import { emptyBytes, type EntryType } from './types.js'

function vote(term: number, from = 2, more: Partial<MessageDraft> = {}): MessageDraft {
  return { type: 'Vote', from, to: 1, term, index: 9, logTerm: 9, ...more }
}

function preVote(term: number, from = 2): MessageDraft {
  return { ...vote(term, from), type: 'PreVote' }
}

const heartbeat: MessageDraft = { type: 'Heartbeat', from: 3, to: 1, term: 1 }

describe('election', () => {
  describe('votes', () => {
    it('once in a term, but again for the same candidate', () => {
      const node = new NodeFixture({})
      expect(node.answerTo(vote(1, 2))[0]).to.deep.include({ type: 'VoteResponse', to: 2, term: 1, reject: false })
      expect(node.answerTo(vote(1, 3))[0]).to.deep.include({ to: 3, reject: true })
      expect(node.answerTo(vote(1, 2))[0]).to.deep.include({ to: 2, reject: false })
      expect(node.answerTo(vote(2, 3))[0]).to.deep.include({ to: 3, term: 2, reject: false })
    })

    it('once in a term, even when it started anew in between', () => {
      const node = new NodeFixture({ hardState: { term: 4, vote: 2, commit: 0 } })
      expect(node.answerTo(vote(4, 3))[0]).to.deep.include({ reject: true })
      expect(node.answerTo(vote(4, 2))[0]).to.deep.include({ reject: false })
    })

    it('for nobody while it knows a leader of the term', () => {
      const node = new NodeFixture({})
      node.answerTo(heartbeat)
      expect(node.answerTo(vote(1))[0]).to.deep.include({ reject: true })
    })

    it('for nobody whose log is behind (thesis, section 3.6.1)', () => {
      const node = new NodeFixture({ terms: [1, 2, 2] })
      expect(node.answerTo(vote(3, 2, { index: 9, logTerm: 1 }))[0]).to.deep.include({ reject: true })
      expect(node.answerTo(vote(4, 2, { index: 2, logTerm: 2 }))[0]).to.deep.include({ reject: true })
      expect(node.answerTo(vote(5, 2, { index: 1, logTerm: 3 }))[0]).to.deep.include({ reject: false })
    })

    it('and then waits a whole election timeout for the winner', () => {
      const node = new NodeFixture({ random: () => 0, hardState: { term: 1, vote: 0, commit: 0 } })
      node.ticks(9)
      node.answerTo(vote(1))
      expect(ofType(node.ticks(9), 'Vote')).to.deep.equal([])
      expect(ofType(node.ticks(1), 'Vote').length).to.equal(2)
    })

    it('as a learner, for it may be a voter and not know it (etcd#10998)', () => {
      const node = new NodeFixture({ voters: [2, 3], learners: [1] })
      expect(node.answerTo(vote(1))[0]).to.deep.include({ reject: false })
    })

    it('not before the vote is stored', () => {
      const log = new MemoryLog()
      log.write({ snapshot: snapshotOf(0, 0, confStateOf([1, 2, 3])), entries: [], hardState: null })
      const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log })
      core.step(createMessage(vote(1)))
      const ready = core.ready()
      expect(ready.messages).to.deep.equal([])
      expect(ready.storageAppend).to.deep.include({ hardState: { term: 1, vote: 2, commit: 0 }, mustSync: true })
      expect(ready.storageAppend!.responses[0]).to.deep.include({ type: 'VoteResponse', to: 2 })
    })
  })

  describe('pre-votes', () => {
    it('do not raise the term, set no vote and leave the clock alone', () => {
      const node = new NodeFixture({ preVote: true, random: () => 0 })
      node.ticks(9)
      expect(node.answerTo(preVote(5))[0]).to.deep.include({ type: 'PreVoteResponse', term: 5, reject: false })
      expect(node.answerTo(preVote(5, 3))[0]).to.deep.include({ reject: false })
      expect(node.core.status()).to.deep.include({ term: 0, vote: 0 })
      expect(ofType(node.ticks(1), 'PreVote').length).to.equal(2)
    })

    it('of a lower term are answered with the own term, never dropped (etcd#8243)', () => {
      const node = new NodeFixture({ hardState: { term: 5, vote: 0, commit: 0 } })
      expect(node.answerTo(preVote(3))[0]).to.deep.include({ type: 'PreVoteResponse', term: 5, reject: true })
    })

    it('that are denied from a higher term bring the candidate there', () => {
      const node = new NodeFixture({ preVote: true })
      node.core.campaign()
      node.settle()
      node.step({ type: 'PreVoteResponse', from: 2, to: 1, term: 7, reject: true })
      expect(node.core.status()).to.deep.include({ term: 7, role: 'follower' })
    })

    it('start with no known leader and no old votes (raft-rs#83)', () => {
      const node = new NodeFixture({ preVote: true, voters: [1, 2, 3, 4, 5] })
      node.core.campaign()
      node.settle()
      node.step({ type: 'PreVoteResponse', from: 2, to: 1, term: 1 })
      node.answerTo(heartbeat)
      node.core.campaign()
      expect(node.core.status()).to.deep.include({ role: 'preCandidate', leader: 0 })
      node.settle()
      node.step({ type: 'PreVoteResponse', from: 3, to: 1, term: 2 })
      expect(node.core.status().role).to.equal('preCandidate')
    })

    it('do not count in the next round', () => {
      const node = new NodeFixture({ preVote: true, voters: [1, 2, 3, 4, 5] })
      for (const from of [2, 3]) {
        node.core.campaign()
        node.settle()
        node.step({ type: 'PreVoteResponse', from, to: 1, term: 1 })
      }
      expect(node.core.status().role).to.equal('preCandidate')
    })

    it('are not counted once it is a real candidate', () => {
      const node = new NodeFixture({ preVote: true, voters: [1, 2, 3] })
      node.core.campaign()
      node.settle()
      node.step({ type: 'PreVoteResponse', from: 2, to: 1, term: 1 })
      expect(node.core.status().role).to.equal('candidate')
      node.step({ type: 'PreVoteResponse', from: 3, to: 1, term: 1 })
      expect(node.core.status().role).to.equal('candidate')
    })

    it('let a group come to a leader even when one member is at a higher term', () => {
      const group = new GroupFixture(3, { preVote: true, checkQuorum: true })
      group.elect(1)
      group.cut(3)
      group.node(3).core.step(createMessage({ type: 'Vote', from: 2, to: 3, term: 9, transfer: true }))
      group.heal()
      group.tickAll(40)
      expect(group.leader()).to.be.greaterThan(0)
      expect(group.node(3).core.status().leader).to.equal(group.leader())
    })
  })

  describe('lease of a leader', () => {
    it('keeps candidates of higher terms off, until the election timeout', () => {
      const node = new NodeFixture({ checkQuorum: true })
      node.answerTo(heartbeat)
      node.ticks(9)
      expect(node.answerTo(vote(2))).to.deep.equal([])
      expect(node.core.status().term).to.equal(1)
      expect(node.hasEvent('vote-ignored-by-lease')).to.equal(true)
      node.ticks(1)
      expect(node.answerTo(vote(2))[0]).to.deep.include({ reject: false, term: 2 })
    })

    it('keeps pre-votes off as well', () => {
      const node = new NodeFixture({ checkQuorum: true, preVote: true })
      node.answerTo(heartbeat)
      expect(node.answerTo(preVote(2))).to.deep.equal([])
    })

    it('does not count against a candidate that the leader itself sent', () => {
      const node = new NodeFixture({ checkQuorum: true })
      node.answerTo(heartbeat)
      expect(node.answerTo(vote(2, 2, { transfer: true }))[0]).to.deep.include({ reject: false, term: 2 })
    })

    it('is there only with a check of the quorum', () => {
      const node = new NodeFixture({ checkQuorum: false })
      node.answerTo(heartbeat)
      expect(node.answerTo(vote(2))[0]).to.deep.include({ reject: false })
    })

    it('lets a node that went ahead alone find back: it answers the leader of the lower term', () => {
      for (const [option, count] of [
        [{ checkQuorum: true }, 1],
        [{ preVote: true }, 1],
        [{}, 0],
      ] as const) {
        const node = new NodeFixture({ ...option, hardState: { term: 5, vote: 0, commit: 0 } })
        const answers = node.answerTo(heartbeat)
        expect(ofType(answers, 'AppendResponse').length, JSON.stringify(option)).to.equal(count)
        if (count === 1) expect(answers[0]).to.deep.include({ to: 3, term: 5 })
      }
    })
  })

  describe('knowledge of what is committed', () => {
    const members = { voters: [1, 2], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

    /** Node 1 holds the removal of node 2 and does not know that it is committed. */
    function candidateWithRemoval(): NodeFixture {
      const node = new NodeFixture({ confState: members, terms: [1] })
      const data = encodeConfChange({ transition: 'auto', changes: [{ type: 'remove', id: 2 }] })
      const entries = [{ term: 1, index: 2, type: 'confChangeV2' as const, data }]
      node.answerTo({ type: 'Append', from: 2, to: 1, term: 1, index: 1, logTerm: 1, entries, commit: 1 })
      return node
    }

    it('comes with a denied vote, so that a removed member with a longer log blocks nobody', () => {
      const node = candidateWithRemoval()
      node.core.campaign()
      node.settle()
      expect(node.core.status()).to.deep.include({ role: 'candidate', commit: 1 })
      const knownCommit = { index: 2, term: 1 }
      node.answerTo({ type: 'VoteResponse', from: 2, to: 1, term: 2, reject: true, knownCommit })
      expect(node.core.status()).to.deep.include({ role: 'follower', commit: 2, applied: 2 })
      expect(node.core.status().confState.voters).to.deep.equal([1])
      node.core.campaign()
      node.settle()
      expect(node.core.status().role).to.equal('leader')
    })

    it('ends a campaign whose votes were counted in the wrong group', () => {
      const node = new NodeFixture({ voters: [1, 2, 3, 4], terms: [1] })
      const data = encodeConfChange({ transition: 'auto', changes: [{ type: 'addVoter', id: 5 }] })
      const entries = [{ term: 1, index: 2, type: 'confChangeV2' as const, data }]
      node.answerTo({ type: 'Append', from: 2, to: 1, term: 1, index: 1, logTerm: 1, entries, commit: 1 })
      node.core.campaign()
      node.settle()
      node.step({ type: 'VoteResponse', from: 2, to: 1, term: 2, reject: true, knownCommit: { index: 2, term: 1 } })
      expect(node.core.status()).to.deep.include({ role: 'follower', term: 2, commit: 2 })
    })

    it('comes with a request and with its denial', () => {
      const node = new NodeFixture({ terms: [1, 2], hardState: { term: 2, vote: 0, commit: 2 } })
      const [denial] = node.answerTo(vote(3, 2, { index: 1, logTerm: 1 }))
      expect(denial).to.deep.include({ reject: true })
      expect(denial!.knownCommit).to.deep.equal({ index: 2, term: 2 })
      node.core.campaign()
      expect(ofType(node.settle(), 'Vote')[0]!.knownCommit).to.deep.equal({ index: 2, term: 2 })
    })

    it('is used only as far as the own log holds that very entry', () => {
      const node = new NodeFixture({ terms: [1, 1, 1] })
      node.answerTo(vote(2, 2, { knownCommit: { index: 2, term: 2 } }))
      expect(node.core.status().commit).to.equal(0)
      node.answerTo(vote(3, 2, { knownCommit: { index: 9, term: 1 } }))
      expect(node.core.status().commit).to.equal(0)
      node.answerTo(vote(4, 2, { knownCommit: { index: 2, term: 1 } }))
      expect(node.core.status().commit).to.equal(2)
    })

    it('is kept to itself when votes shall not share it', () => {
      const node = new NodeFixture({
        shareCommitInVotes: false,
        terms: [1],
        hardState: { term: 1, vote: 0, commit: 1 },
      })
      node.core.campaign()
      expect(ofType(node.settle(), 'Vote')[0]!.knownCommit).to.equal(null)
    })
  })

  describe('campaign', () => {
    it('starts after a drawn time between one timeout and two', () => {
      for (const [drawn, ticks] of [
        [0, 10],
        [9, 19],
      ] as const) {
        const node = new NodeFixture({ random: () => drawn })
        expect(ofType(node.ticks(ticks - 1), 'Vote').length, `drew ${drawn}`).to.equal(0)
        expect(ofType(node.ticks(1), 'Vote').length, `drew ${drawn}`).to.equal(2)
      }
    })

    it('draws anew for each election, within the bound', () => {
      const bounds: number[] = []
      const node = new NodeFixture({ random: (bound) => (bounds.push(bound), 0) })
      const before = bounds.length
      node.ticks(30)
      expect(bounds.length - before).to.be.at.least(3)
      expect(new Set(bounds)).to.deep.equal(new Set([10]))
    })

    it('asks all voters of both halves, with the end of its log', () => {
      const confState = { voters: [1, 2], votersOutgoing: [1, 3], learners: [4], learnersNext: [], autoLeave: false }
      const node = new NodeFixture({ confState, terms: [1, 1] })
      node.core.campaign()
      const votes = ofType(node.settle(), 'Vote')
      expect(votes.map(({ to }) => to)).to.deep.equal([2, 3])
      expect(votes[0]).to.deep.include({ term: 1, index: 2, logTerm: 1 })
    })

    it('is won with both majorities only', () => {
      const confState = {
        voters: [1, 2, 3],
        votersOutgoing: [3, 4, 5],
        learners: [],
        learnersNext: [],
        autoLeave: false,
      }
      const node = new NodeFixture({ confState })
      node.core.campaign()
      node.settle()
      node.step({ type: 'VoteResponse', from: 2, to: 1, term: 1 })
      node.step({ type: 'VoteResponse', from: 3, to: 1, term: 1 })
      expect(node.core.status().role).to.equal('candidate')
      node.step({ type: 'VoteResponse', from: 4, to: 1, term: 1 })
      expect(node.core.status().role).to.equal('leader')
    })

    it('counts each member once, by its first answer', () => {
      const node = new NodeFixture({ voters: [1, 2, 3, 4, 5] })
      node.core.campaign()
      node.settle()
      for (const reject of [false, false, true]) node.step({ type: 'VoteResponse', from: 2, to: 1, term: 1, reject })
      expect(node.core.status().role).to.equal('candidate')
      node.step({ type: 'VoteResponse', from: 3, to: 1, term: 1 })
      expect(node.core.status().role).to.equal('leader')
    })

    it('that is lost makes a follower of the same term', () => {
      const node = new NodeFixture({})
      node.core.campaign()
      node.settle()
      for (const from of [2, 3]) node.step({ type: 'VoteResponse', from, to: 1, term: 1, reject: true })
      expect(node.core.status()).to.deep.include({ role: 'follower', term: 1, vote: 1 })
    })

    it('ends when a leader of the same term shows up', () => {
      for (const type of ['Append', 'Heartbeat', 'Snapshot'] as const) {
        const node = new NodeFixture({})
        node.core.campaign()
        node.settle()
        const snapshot = type === 'Snapshot' ? snapshotOf(5, 1, confStateOf([1, 2, 3])) : null
        node.step({ type, from: 2, to: 1, term: 1, snapshot })
        expect(node.core.status(), type).to.deep.include({ role: 'follower', leader: 2 })
      }
    })

    it('does not count the own vote before it is stored', () => {
      const log = new MemoryLog()
      log.write({ snapshot: snapshotOf(0, 0, confStateOf([1])), entries: [], hardState: null })
      const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log })
      core.campaign()
      const { storageAppend, messages } = core.ready()
      expect(core.status().role).to.equal('candidate')
      expect(messages).to.deep.equal([])
      log.write(storageAppend!)
      for (const response of storageAppend!.responses) core.step(response)
      expect(core.status().role).to.equal('leader')
    })

    it('is not for learners, strangers, and nodes whose snapshot is not stored', () => {
      const learner = new NodeFixture({ voters: [2, 3], learners: [1] })
      const stranger = new NodeFixture({ voters: [2, 3] })
      const restoring = new NodeFixture({})
      restoring.step({ type: 'Snapshot', from: 2, to: 1, term: 1, snapshot: snapshotOf(5, 1, confStateOf([1, 2, 3])) })
      for (const node of [learner, stranger, restoring]) {
        node.core.campaign()
        expect(node.core.status().role).to.equal('follower')
        expect(node.hasEvent('campaign-refused')).to.equal(true)
      }
      restoring.settle()
      restoring.core.campaign()
      expect(restoring.core.status().role).to.equal('candidate')
    })

    describe('waits until membership changes are applied (etcd#7280, #11284, #12133)', () => {
      const data = encodeConfChange({ transition: 'auto', changes: [{ type: 'addVoter', id: 4 }] })
      const kinds: readonly (readonly [EntryType, Uint8Array])[] = [
        ['confChange', data],
        ['confChangeV2', data],
        ['confChangeV2', emptyBytes],
      ]
      for (const [type, bytes] of kinds) {
        for (const transfer of [false, true]) {
          it(`${type} of ${bytes.length} bytes, ${transfer ? 'told by the leader' : 'after the timeout'}`, () => {
            const log = new MemoryLog()
            log.write({ snapshot: snapshotOf(0, 0, confStateOf([1, 2, 3])), entries: [], hardState: null })
            const entries = [{ term: 1, index: 1, type, data: bytes }]
            log.write({ snapshot: null, entries, hardState: { term: 1, vote: 0, commit: 1 } })
            const core = new RaftCore({ ...quietConfig, log })
            if (transfer) core.step(createMessage({ type: 'TimeoutNow', from: 2, to: 1, term: 1 }))
            else core.campaign()
            expect(core.status().role).to.equal('follower')
          })
        }
      }
    })
  })
})
