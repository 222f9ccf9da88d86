import { expect } from 'chai'
import { GroupFixture } from '../testing/group-fixture.js'
import {
  NodeFixture,
  bytesOf,
  confStateOf,
  entriesOf,
  ofType,
  quietConfig,
  snapshotOf,
} from '../testing/node-fixture.js'
import { entryOverheadBytes } from './entry.js'
import { InvariantViolation } from './invariant.js'
import { MemoryLog } from './memory-log.js'
import { createMessage, type MessageDraft } from './message.js'
import { RaftCore } from './raft-core.js'
import { emptyBytes, emptyConfState } from './types.js'

function acknowledgement(from: number, index: number, term = 1): MessageDraft {
  return { type: 'AppendResponse', from, to: 1, term, index }
}

function append(index: number, logTerm: number, terms: readonly number[], commit = 0, term = 5): MessageDraft {
  return { type: 'Append', from: 2, to: 1, term, index, logTerm, entries: entriesOf(terms, index + 1), commit }
}

describe('leader', () => {
  it('begins with an empty entry of its term', () => {
    const node = new NodeFixture({ terms: [1, 1], hardState: { term: 1, vote: 0, commit: 0 } }).lead()
    expect(node.core.status()).to.deep.include({ role: 'leader', term: 2, lastIndex: 3 })
    expect(node.log.term(3)).to.equal(2)
    expect(node.log.entries(3, 4, 1_000)![0]!.data.length).to.equal(0)
  })

  it('commits an entry of an older term only with one of its own (thesis, figure 3.7)', () => {
    const node = new NodeFixture({ terms: [1, 2], hardState: { term: 2, vote: 0, commit: 0 } }).lead()
    node.step(acknowledgement(2, 2, 3))
    node.step(acknowledgement(3, 2, 3))
    expect(node.core.status().commit).to.equal(0)
    node.step(acknowledgement(2, 3, 3))
    expect(node.core.status().commit).to.equal(3)
  })

  it('knows nothing about the others at first, whatever they acknowledged under an earlier leadership', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.propose(bytesOf(1))
    node.settle()
    node.acknowledgeAll()
    expect(node.core.status().progress.get(2)!.match).to.equal(2)
    node.answerTo({ type: 'Heartbeat', from: 3, to: 1, term: 5 })
    node.lead()
    expect(node.core.status().progress.get(2)).to.deep.include({ state: 'probe', match: 0, next: 3 })
  })

  it('does not count learners', () => {
    const node = new NodeFixture({ voters: [1, 2, 3], learners: [4, 5] }).lead()
    node.step(acknowledgement(4, 1))
    node.step(acknowledgement(5, 1))
    expect(node.core.status().commit).to.equal(0)
    node.step(acknowledgement(3, 1))
    expect(node.core.status().commit).to.equal(1)
  })

  it('does not count itself before its own storage holds the entry (etcd#14370)', () => {
    const log = new MemoryLog()
    log.write({ snapshot: snapshotOf(0, 0, confStateOf([1])), entries: [], hardState: null })
    const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log })
    const finish = () => {
      const { storageAppend, storageApply } = core.ready()
      if (storageAppend !== null) log.write(storageAppend)
      for (const response of [...(storageAppend?.responses ?? []), ...(storageApply?.responses ?? [])])
        core.step(response)
    }
    core.campaign()
    for (let round = 0; core.hasReady() && round < 10; round++) finish()
    const before = core.status().commit
    core.propose(bytesOf(3))
    core.ready()
    expect(core.status().commit).to.equal(before)
  })

  it('does not pass a commit index on that the follower may not hold', () => {
    const node = new NodeFixture({ terms: [1, 1, 1], hardState: { term: 1, vote: 0, commit: 3 } }).lead()
    node.step(acknowledgement(2, 4, 2))
    node.settle()
    const heartbeats = ofType(node.ticks(1), 'Heartbeat')
    expect(heartbeats.map(({ to, commit }) => [to, commit])).to.deep.equal([
      [2, 4],
      [3, 0],
    ])
  })

  it('tells a follower early what is committed', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.propose(bytesOf(1))
    node.settle()
    node.step(acknowledgement(2, 2))
    const sent = ofType(node.settle(), 'Append')
    expect(sent.map(({ to, commit }) => [to, commit])).to.deep.equal([
      [2, 2],
      [3, 2],
    ])
  })

  it('finds the common entry with one probe per term (openraft 6d53aa12)', () => {
    const group = new GroupFixture(3)
    group.elect(1)
    group.cut(1)
    for (let count = 0; count < 80; count++) group.node(1).core.propose(bytesOf(1))
    group.settle()
    group.elect(2)
    for (let count = 0; count < 80; count++) group.node(2).core.propose(bytesOf(1))
    group.settle()
    group.elect(3)
    group.heal()
    let rejections = 0
    group.isLost = (message) => {
      if (message.type === 'AppendResponse' && message.reject) rejections++
      return false
    }
    group.tick(3, 2)
    expect(group.node(1).core.status().lastIndex).to.equal(group.node(3).core.status().lastIndex)
    expect(group.node(1).log.term(50)).to.equal(2)
    expect(rejections).to.be.within(1, 4)
  })

  it('ignores rejections that are older than what it knows', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    const before = node.core.status().progress.get(2)
    node.step({ ...acknowledgement(2, 0), reject: true, rejectHint: 0 })
    expect(node.core.status().progress.get(2)).to.deep.equal(before)
    expect(node.settle()).to.deep.equal([])
  })

  it('goes back to probing after a genuine rejection', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.propose(bytesOf(1))
    node.settle()
    node.step({ ...acknowledgement(2, 2), reject: true, rejectHint: 1, logTerm: 1 })
    expect(node.core.status().progress.get(2)).to.deep.include({ state: 'probe', next: 2 })
    expect(ofType(node.settle(), 'Append')[0]).to.deep.include({ to: 2, index: 1 })
  })

  describe('limits', () => {
    it('the entries of a message', () => {
      const node = new NodeFixture({ messageBytesMax: 2 * (entryOverheadBytes + 10) }).lead().acknowledgeAll()
      node.core.proposeBatch([bytesOf(10), bytesOf(10), bytesOf(10), bytesOf(10), bytesOf(10)])
      const counts = ofType(node.settle(), 'Append')
        .filter(({ to }) => to === 2)
        .map(({ entries }) => entries.length)
      expect(counts[0]).to.equal(2)
      node.step(acknowledgement(2, 3))
      expect(ofType(node.settle(), 'Append').filter(({ to, entries }) => to === 2 && entries.length > 2)).to.deep.equal(
        [],
      )
    })

    it('but always lets one entry through', () => {
      const node = new NodeFixture({ messageBytesMax: 0 }).lead().acknowledgeAll()
      node.core.propose(bytesOf(1_000))
      expect(ofType(node.settle(), 'Append')[0]!.entries.length).to.equal(1)
    })

    it('the messages under way, and sends the rest when they are acknowledged', () => {
      const node = new NodeFixture({ inflightMessagesMax: 2 }).lead().acknowledgeAll()
      for (let count = 0; count < 5; count++) node.core.propose(bytesOf(1))
      const toSecond = () => ofType(node.settle(), 'Append').filter(({ to, entries }) => to === 2 && entries.length > 0)
      expect(toSecond().length).to.equal(2)
      expect(node.core.status().progress.get(2)).to.deep.include({ paused: true, inflightFull: true })
      node.step(acknowledgement(2, 2))
      expect(toSecond().map(({ entries }) => entries[0]!.index)).to.deep.equal([4])
    })

    it('the bytes under way', () => {
      const node = new NodeFixture({ inflightBytesMax: 100, messageBytesMax: 50 }).lead().acknowledgeAll()
      for (let count = 0; count < 20; count++) node.core.propose(bytesOf(20))
      const sent = ofType(node.settle(), 'Append').filter(({ to, entries }) => to === 2 && entries.length > 0)
      expect(sent.length).to.equal(5)
    })

    it('and finds out with an empty message when everything under way was lost', () => {
      const node = new NodeFixture({ inflightMessagesMax: 1 }).lead().acknowledgeAll()
      node.core.propose(bytesOf(1))
      node.core.propose(bytesOf(1))
      node.settle()
      node.step({ type: 'HeartbeatResponse', from: 2, to: 1, term: 1 })
      const [probe] = ofType(node.settle(), 'Append')
      expect(probe).to.deep.include({ to: 2, index: 2 })
      expect(probe!.entries.length).to.equal(0)
    })

    it('the bytes that are not committed, but neither the first proposal nor empty ones', () => {
      const node = new NodeFixture({ uncommittedBytesMax: 100 }).lead().acknowledgeAll()
      expect(node.core.propose(bytesOf(1_000)).kind).to.equal('appended')
      expect(node.core.propose(bytesOf(1))).to.deep.equal({ kind: 'dropped', reason: 'uncommitted-bytes-exceeded' })
      expect(node.core.propose(bytesOf(0)).kind).to.equal('appended')
      node.settle()
      node.acknowledgeAll()
      expect(node.core.propose(bytesOf(60)).kind).to.equal('appended')
      expect(node.core.propose(bytesOf(40)).kind).to.equal('appended')
      expect(node.core.propose(bytesOf(1)).kind).to.equal('dropped')
    })
  })

  it('sends a probe instead of a stream to somebody who cannot be reached', () => {
    const node = new NodeFixture({}).lead().acknowledgeAll()
    node.core.propose(bytesOf(1))
    node.settle()
    node.core.reportUnreachable(2)
    expect(node.core.status().progress.get(2)).to.deep.include({ state: 'probe', next: 2 })
    node.step({ type: 'HeartbeatResponse', from: 2, to: 1, term: 1 })
    expect(ofType(node.settle(), 'Append')[0]).to.deep.include({ to: 2, index: 1 })
  })

  describe('checks its quorum', () => {
    it('once per election timeout, and follows when it is gone', () => {
      const node = new NodeFixture({ checkQuorum: true }).lead().acknowledgeAll()
      node.ticks(10)
      expect(node.core.status().role).to.equal('leader')
      node.ticks(10)
      expect(node.core.status()).to.deep.include({ role: 'follower', leader: 0, term: 1 })
      expect(node.hasEvent('quorum-lost')).to.equal(true)
    })

    it('with any sign of life of a majority', () => {
      const node = new NodeFixture({ checkQuorum: true }).lead()
      for (let round = 0; round < 5; round++) {
        node.ticks(9)
        node.answerTo({ type: 'HeartbeatResponse', from: 3, to: 1, term: 1 })
        node.ticks(1)
        expect(node.core.status().role).to.equal('leader')
      }
    })

    it('without counting learners', () => {
      const node = new NodeFixture({ checkQuorum: true, learners: [4, 5] }).lead().acknowledgeAll()
      node.ticks(10)
      for (const from of [4, 5]) node.answerTo({ type: 'HeartbeatResponse', from, to: 1, term: 1 })
      node.ticks(10)
      expect(node.core.status().role).to.equal('follower')
    })

    it('without holding the time before it joined against a new member', () => {
      const node = new NodeFixture({ checkQuorum: true, voters: [1] }).lead()
      node.ticks(9)
      node.core.proposeConfChange({ transition: 'auto', changes: [{ type: 'addVoter', id: 2 }] })
      node.settle()
      expect(node.core.status().confState.voters).to.deep.equal([1, 2])
      node.ticks(1)
      expect(node.core.status().role).to.equal('leader')
      node.ticks(10)
      expect(node.core.status().role).to.equal('follower')
    })
  })
})

describe('follower', () => {
  it('answers entries below its commit index with that index, and changes nothing', () => {
    const node = new NodeFixture({ terms: [1, 1, 1], hardState: { term: 1, vote: 0, commit: 2 } })
    expect(node.answerTo(append(1, 1, [5]))[0]).to.deep.include({ type: 'AppendResponse', index: 2, reject: false })
    expect(node.log.term(2)).to.equal(1)
  })

  it('tells where the logs may agree', () => {
    const node = new NodeFixture({ terms: [1, 2, 2, 3, 3] })
    expect(node.answerTo(append(9, 5, []))[0]).to.deep.include({ reject: true, index: 9, rejectHint: 5, logTerm: 3 })
    expect(node.answerTo(append(5, 2, []))[0]).to.deep.include({ reject: true, index: 5, rejectHint: 3, logTerm: 2 })
  })

  it('commits no further than what it was sent (TestHandleMsgApp)', () => {
    const node = new NodeFixture({ terms: [1, 1, 1] })
    node.answerTo(append(0, 0, [1], 3))
    expect(node.core.status().commit).to.equal(1)
    node.answerTo(append(1, 1, [1, 1], 9))
    expect(node.core.status().commit).to.equal(3)
  })

  it('cuts nothing that matches, however old the message', () => {
    const node = new NodeFixture({ terms: [1, 1, 1] })
    expect(node.answerTo(append(0, 0, [1]))[0]).to.deep.include({ index: 1, reject: false })
    expect(node.core.status().lastIndex).to.equal(3)
  })

  it('stops when the leader says that something is committed which it lost', () => {
    const node = new NodeFixture({ terms: [1] })
    expect(() => node.step({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 2 })).to.throw(InvariantViolation)
  })

  it('does not acknowledge before its storage holds the entries', () => {
    const { log } = new NodeFixture({})
    const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log })
    core.step(createMessage(append(0, 0, [5])))
    const ready = core.ready()
    expect(ready.messages).to.deep.equal([])
    expect(ready.storageAppend!.responses.map(({ type }) => type)).to.deep.equal([
      'AppendResponse',
      'StorageAppendResponse',
    ])
  })

  it('refuses messages that cannot be of a leader', () => {
    const node = new NodeFixture({})
    const gap = { ...append(0, 0, []), entries: entriesOf([1], 2) }
    expect(node.step(gap)).to.deep.equal({ kind: 'refused', reason: 'malformed-message' })
    expect(node.step({ ...append(0, 0, []), term: 0 })).to.deep.equal({ kind: 'refused', reason: 'malformed-message' })
    expect(node.step({ type: 'Snapshot', from: 2, to: 1, term: 9 })).to.deep.equal({
      kind: 'refused',
      reason: 'malformed-message',
    })
    expect(node.core.status().term).to.equal(0)
  })

  it('refuses a membership that no group has, without looking at it for long', () => {
    const refused = { kind: 'refused', reason: 'malformed-message' }
    const node = new NodeFixture({})
    const withVoters = (voters: readonly number[], learners: readonly number[] = []) => {
      const snapshot = { index: 5, term: 1, data: emptyBytes, confState: { ...emptyConfState, voters, learners } }
      return { type: 'Snapshot', from: 2, to: 1, term: 9, snapshot } as const
    }
    expect(node.step(withVoters([1, 2], [2]))).to.deep.equal(refused)
    expect(node.step(withVoters([1, 1]))).to.deep.equal(refused)
    expect(node.step(withVoters(Array.from({ length: 1_000_000 }, (_, at) => at + 1)))).to.deep.equal(refused)
    expect(node.step(withVoters([1, 2]))).to.deep.equal({ kind: 'stepped' })
  })

  it('refuses a term that no group can have reached', () => {
    const node = new NodeFixture({})
    const refused = { kind: 'refused', reason: 'malformed-message' }
    for (const term of [2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      expect(node.step({ ...append(0, 0, []), term })).to.deep.equal(refused)
    }
    expect(node.core.status().term).to.equal(0)
    expect(node.step({ ...append(0, 0, []), term: 2 ** 32 })).to.deep.equal({ kind: 'stepped' })
  })

  it('is not stopped by a stranger who says that more is committed than there is; a member who says so shows a loss', () => {
    const node = new NodeFixture({})
    const beyond = { type: 'Heartbeat', to: 1, term: 9, commit: 1000 } as const
    expect(node.step({ ...beyond, from: 77 })).to.deep.equal({ kind: 'refused', reason: 'malformed-message' })
    expect(node.core.status().term).to.equal(0)
    expect(() => node.step({ ...beyond, from: 2 })).to.throw(InvariantViolation)
  })

  it('refuses answers of strangers, and what only its own storage may say', () => {
    const node = new NodeFixture({}).lead()
    expect(node.step(acknowledgement(9, 1))).to.deep.equal({ kind: 'refused', reason: 'unknown-peer' })
    const local = { type: 'StorageAppendResponse', from: 2, to: 1, term: 1, index: 1, logTerm: 1 } as const
    expect(node.step(local)).to.deep.equal({ kind: 'refused', reason: 'local-message' })
  })
})
