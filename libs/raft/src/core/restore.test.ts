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
import { MemoryLog } from './memory-log.js'
import { createMessage, type MessageDraft } from './message.js'
import { RaftCore } from './raft-core.js'
import { type ConfState } from './types.js'

const members = confStateOf([1, 2, 3])

function snapshotMessage(index: number, term: number, confState: ConfState = members): MessageDraft {
  return { type: 'Snapshot', from: 2, to: 1, term: 5, snapshot: snapshotOf(index, term, confState) }
}

describe('snapshot', () => {
  describe('at its receiver', () => {
    it('replaces log, commit index and membership', () => {
      const node = new NodeFixture({ terms: [1, 1] })
      const confState = { voters: [1, 4], votersOutgoing: [1, 2], learners: [5], learnersNext: [2], autoLeave: true }
      expect(node.answerTo(snapshotMessage(9, 3, confState))[0]).to.deep.include({ type: 'AppendResponse', index: 9 })
      expect(node.core.status()).to.deep.include({ commit: 9, applied: 9, firstIndex: 10, lastIndex: 9 })
      expect(node.core.status().confState).to.deep.equal(confState)
    })

    it('is ignored when it says nothing new', () => {
      const node = new NodeFixture({ terms: [1, 1, 1], hardState: { term: 1, vote: 0, commit: 3 } })
      expect(node.answerTo(snapshotMessage(2, 1))[0]).to.deep.include({ index: 3 })
      expect(node.answerTo(snapshotMessage(3, 1))[0]).to.deep.include({ index: 3 })
      expect(node.core.status().firstIndex).to.equal(1)
    })

    it('is ignored when it is older than what was compacted', () => {
      const node = new NodeFixture({ terms: [1, 1, 1, 1], hardState: { term: 1, vote: 0, commit: 4 } })
      node.settle()
      node.log.compact(3)
      node.answerTo(snapshotMessage(2, 1, confStateOf([1, 2])))
      expect(node.core.status()).to.deep.include({ commit: 4, lastIndex: 4, confState: members })
    })

    it('only commits when the log holds its last entry, and cuts nothing (etcd#1763)', () => {
      const node = new NodeFixture({ terms: [1, 1, 2, 2] })
      expect(node.answerTo(snapshotMessage(3, 2))[0]).to.deep.include({ index: 3 })
      expect(node.core.status()).to.deep.include({ commit: 3, lastIndex: 4, firstIndex: 1 })
    })

    it('is ignored by who has no part in it', () => {
      const node = new NodeFixture({ terms: [1] })
      node.answerTo(snapshotMessage(9, 3, confStateOf([2, 3])))
      expect(node.core.status()).to.deep.include({ commit: 0, lastIndex: 1 })
      expect(node.hasEvent('snapshot-ignored')).to.equal(true)
    })

    it('may make a voter a learner, and an outgoing voter is part of it (etcd#10864)', () => {
      const node = new NodeFixture({ terms: [1] })
      node.answerTo(snapshotMessage(9, 3, confStateOf([2, 3], [1])))
      expect(node.core.status().confState.learners).to.deep.equal([1])
      const leaving = new NodeFixture({})
      const confState = { voters: [2, 3], votersOutgoing: [1, 2], learners: [], learnersNext: [], autoLeave: true }
      leaving.answerTo(snapshotMessage(9, 3, confState))
      expect(leaving.core.status().commit).to.equal(9)
    })

    it('makes membership changes that it holds stale, although they wait to be applied', () => {
      const node = new NodeFixture({})
      const joint = { voters: [1, 2, 4], votersOutgoing: [1, 2, 3], learners: [], learnersNext: [], autoLeave: true }
      node.answerTo(snapshotMessage(9, 3, joint))
      const enter = { transition: 'explicit', changes: [{ type: 'remove', id: 2 }] } as const
      expect(node.core.applyConfChange(7, enter)).to.deep.equal(joint)
      expect(node.core.applyConfChange(9, enter)).to.deep.equal(joint)
      expect(node.hasEvent('conf-change-stale')).to.equal(true)
      const left = node.core.applyConfChange(10, { transition: 'auto', changes: [] })
      expect(left).to.deep.equal(confStateOf([1, 2, 4]))
    })

    it('comes with the entries after it in one write, when they arrive together', () => {
      const log = new MemoryLog()
      log.write({ snapshot: snapshotOf(0, 0, members), entries: [], hardState: null })
      const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log })
      core.step(createMessage(snapshotMessage(9, 3)))
      const entries = entriesOf([3, 5], 10)
      core.step(createMessage({ type: 'Append', from: 2, to: 1, term: 5, index: 9, logTerm: 3, entries, commit: 10 }))
      const { storageAppend, storageApply } = core.ready()
      expect(storageAppend!.snapshot!.index).to.equal(9)
      expect(storageAppend!.entries.map(({ index }) => index)).to.deep.equal([10, 11])
      expect(storageAppend!.mustSync).to.equal(true)
      expect(storageApply).to.equal(null)
      log.write(storageAppend!)
      for (const response of storageAppend!.responses) core.step(response)
      expect(core.status().applied).to.equal(9)
      expect(core.ready().storageApply!.entries.map(({ index }) => index)).to.deep.equal([10])
    })

    it('must be durable even though neither term, vote nor entries changed', () => {
      const node = new NodeFixture({ hardState: { term: 5, vote: 2, commit: 0 } })
      const core = new RaftCore({ ...quietConfig, asyncStorageWrites: true, log: node.log })
      core.step(createMessage(snapshotMessage(9, 3)))
      const ready = core.ready()
      expect(ready.mustSync).to.equal(false)
      expect(ready.storageAppend!.mustSync).to.equal(true)
    })
  })

  describe('at the leader', () => {
    function leaderWithCompactedLog(): NodeFixture {
      const node = new NodeFixture({ terms: [1, 1, 1, 1], hardState: { term: 1, vote: 0, commit: 4 } }).lead()
      node.log.keepSnapshot(snapshotOf(4, 1, members))
      node.log.compact(4)
      return node
    }

    function reject(node: NodeFixture, from: number): void {
      node.step({ type: 'AppendResponse', from, to: 1, term: 2, index: 4, reject: true, rejectHint: 0 })
    }

    it('goes to who needs entries that are gone', () => {
      const node = leaderWithCompactedLog()
      reject(node, 2)
      const [sent] = ofType(node.settle(), 'Snapshot')
      expect(sent).to.deep.include({ to: 2 })
      expect(sent!.snapshot!.index).to.equal(4)
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'snapshot', pendingSnapshot: 4, next: 5 })
      node.core.propose(bytesOf(1))
      expect(node.settle().filter(({ to, type }) => to === 2 && type === 'Append')).to.deep.equal([])
    })

    it('does not go to somebody who was not heard from lately', () => {
      const start = { terms: [1, 1, 1, 1], hardState: { term: 1, vote: 0, commit: 4 }, checkQuorum: true }
      const node = new NodeFixture(start).lead()
      node.log.compact(4)
      node.log.snapshot = () => undefined
      reject(node, 2)
      node.step({ type: 'HeartbeatResponse', from: 3, to: 1, term: 2 })
      node.ticks(10)
      node.log.snapshot = () => snapshotOf(4, 1, members)
      node.core.propose(bytesOf(1))
      expect(ofType(node.settle(), 'Snapshot')).to.deep.equal([])
      node.step({ type: 'HeartbeatResponse', from: 2, to: 1, term: 2 })
      expect(ofType(node.settle(), 'Snapshot').map(({ to }) => to)).to.deep.equal([2])
    })

    it('that failed is tried again only after a sign of life', () => {
      const node = leaderWithCompactedLog()
      reject(node, 2)
      node.settle()
      node.core.reportSnapshot(2, false)
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'probe', next: 1, paused: true })
      node.step({ type: 'HeartbeatResponse', from: 2, to: 1, term: 2 })
      expect(ofType(node.settle(), 'Snapshot').length).to.equal(1)
    })

    it('that arrived is followed by the entries after it', () => {
      const node = leaderWithCompactedLog()
      reject(node, 2)
      node.settle()
      node.core.reportSnapshot(2, true)
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'probe', next: 5, paused: true })
      node.step({ type: 'AppendResponse', from: 2, to: 1, term: 2, index: 4 })
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'replicate', match: 4 })
      expect(ofType(node.settle(), 'Append')[0]).to.deep.include({ to: 2, index: 4 })
    })

    it('is over when the follower connects to the log by whatever snapshot', () => {
      const node = new NodeFixture({ terms: [1, 1, 1, 1], hardState: { term: 1, vote: 0, commit: 4 } }).lead()
      node.log.keepSnapshot(snapshotOf(4, 1, members))
      node.log.compact(2)
      reject(node, 2)
      node.settle()
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'snapshot', pendingSnapshot: 4 })
      node.step({ type: 'AppendResponse', from: 2, to: 1, term: 2, index: 1 })
      expect(node.core.status().progress.get(2)!.state).to.equal('snapshot')
      node.step({ type: 'AppendResponse', from: 2, to: 1, term: 2, index: 2 })
      expect(node.core.status().progress.get(2)).to.deep.include({ state: 'replicate', match: 2 })
    })

    it('waits when storage has none at hand', () => {
      const node = leaderWithCompactedLog()
      const core = node.core
      node.log.snapshot = () => undefined
      reject(node, 2)
      node.settle()
      expect(core.status().progress.get(2)!.state).to.equal('probe')
    })
  })

  it('brings a member up that missed what was compacted, so that it can vote and lead', () => {
    const group = new GroupFixture(3)
    group.elect(1)
    group.cut(3)
    for (let count = 0; count < 20; count++) group.node(1).core.propose(bytesOf(1))
    group.settle()
    group.node(1).log.compact(15)
    group.heal()
    group.tick(1, 3)
    expect(group.node(3).core.status()).to.deep.include({ commit: 23, applied: 23 })
    group.elect(3)
    expect(group.leader()).to.equal(3)
  })
})
