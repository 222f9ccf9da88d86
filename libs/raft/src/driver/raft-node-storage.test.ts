import { expect } from 'chai'
import { raftFailure } from '../testing/raft-failure.js'
import { NodeGroup } from '../testing/node-group.js'
import { bytesOf } from '../testing/list-machine.js'

const three = { voters: [1, 2, 3] }

describe('RaftNode and its storage', () => {
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
          expect((await group.start(id)).status().snapshot.index).to.be.above(1_000)
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
      expect((await raftFailure(group.start(laggard))).code).to.equal('RAFT_CORRUPT_STATE')
    })
  })

  describe('storage', () => {
    it('that fails stops the node at once, loudly and silently', async () => {
      const group = await NodeGroup.started(three)
      const leader = await group.leader()
      const life = group.life(leader.id)
      life.store.failure = new Error('no space left')
      const answer = raftFailure(leader.propose(bytesOf('a')))
      await group.settle()
      expect(life.fatal.map(({ message }) => message)).to.deep.equal([`Node ${leader.id} has stopped: no space left`])
      expect((await group.finish(answer)).code).to.equal('RAFT_OUTCOME_UNKNOWN')
      expect(group.network.isConnected(leader.id)).to.equal(false)
      let sent = 0
      group.network.onSent = ({ from }) => (sent += from === leader.id ? 1 : 0)
      life.store.failure = undefined
      const writes = life.store.writeCount
      await group.pass(30)
      expect([sent, life.store.writeCount - writes]).to.deep.equal([0, 0])
      expect(leader.status().role).to.equal('Shutdown')
      expect((await raftFailure(leader.propose(bytesOf('b')))).code).to.equal('RAFT_FAILED')
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
      expect(await raftFailure(old.propose(bytesOf('b')))).to.include({ reason: 'storage-stalled' })
      await group.pass(30)
      expect(old.status().role).not.to.equal('Leader')
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
})
