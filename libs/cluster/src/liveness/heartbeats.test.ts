import { ManualClock, MemoryPeers, ScriptedMetadataLog } from '@walrus/testing'
import { expect } from 'chai'
import { DEFAULT_NODE_LIMITS as limits } from '../node-context.js'
import { StoppableClock } from '../cluster-harness.test.js'
import { turns } from '../node-harness.test.js'
import { Heartbeats } from './heartbeats.js'
import { WriteLease } from './write-lease.js'

describe('signs of life', () => {
  let clock: ManualClock
  let peers: MemoryPeers
  let metadata: ScriptedMetadataLog
  let all: Heartbeats[]

  beforeEach(async () => {
    clock = new ManualClock({ autoDefer: true })
    peers = new MemoryPeers({ clock })
    metadata = new ScriptedMetadataLog()
    for (const id of [1, 2, 3]) {
      const node = { id, address: `memory:${id}`, role: 'voter', draining: false } as const
      await metadata.propose({ kind: 'UpsertNode', node })
    }
    all = [1, 2, 3].map((nodeId) => new Heartbeats({ nodeId, metadata, peers: peers.open(nodeId), clock, limits }))
  })

  afterEach(() => {
    for (const one of all) one.close()
  })

  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      clock.advance(50)
      await turns(4)
    }
  }

  it('keep a lease on as long as a majority answers, counted from the question', async () => {
    const lease = new WriteLease({ clock, liveness: all[0]!, limits })
    expect(lease.held).to.equal(false)
    await pass(200)
    expect(lease.check()).to.equal(true)
    peers.cut(2, 1)
    await pass(3000)
    expect(lease.check()).to.equal(true)
    peers.cut(1, 3)
    const lastMs = all[0]!.quorumContactMs()
    clock.advance(lastMs + limits.leaseMs - clock.monotonicMs() - 1)
    expect(lease.check()).to.equal(true)
    clock.advance(1)
    expect(lease.check()).to.equal(false)
    peers.heal()
    await pass(200)
    expect(lease.held).to.equal(true)
    lease.close()
  })

  it('tell the silent from the living, and give everybody time to answer at first', async () => {
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 2, 3])
    peers.isolate(3)
    await pass(limits.silenceMs)
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 2, 3])
    await pass(200)
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 2])
    expect(all[0]!.silentMs(3)).to.be.above(limits.silenceMs)
    expect([...all[2]!.live()]).to.deep.equal([3])
    peers.heal()
    await pass(200)
    expect(all[0]!.silentMs(3)).to.be.below(200)
  })

  it('notice a process that is gone sooner than one that is silent', async () => {
    await pass(200)
    peers.at(2)?.close()
    await pass(limits.goneMs + 100)
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 3])
    expect(all[0]!.silentMs(2)).to.equal(Infinity)
  })

  it('blame nobody for the time in which this process was stopped itself', async () => {
    const own = new StoppableClock(clock)
    all[0]!.close()
    all[0] = new Heartbeats({ nodeId: 1, metadata, peers: peers.open(1), clock: own, limits })
    await pass(200)
    own.stop()
    peers.pause(1)
    await pass(10_000)
    expect(all[0].silentMs(2)).to.equal(0)
    own.resume()
    expect(all[0].silentMs(2)).to.be.below(limits.silenceMs)
    expect(all[0].quorumContactMs()).to.be.below(clock.monotonicMs() - limits.leaseMs)
    peers.resume(1)
    await pass(200)
    expect(all[0].quorumContactMs()).to.be.above(clock.monotonicMs() - limits.leaseMs)
  })

  it('say who wants no new segments', async () => {
    all[1]!.leaving = true
    all[2]!.diskFull = true
    await pass(200)
    expect([...all[0]!.placeable()]).to.deep.equal([1])
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 2, 3])
    all[2]!.diskFull = false
    await pass(200)
    expect([...all[0]!.placeable()].sort()).to.deep.equal([1, 3])
  })

  it('follow the metadata: who joins is asked, who leaves is forgotten', async () => {
    await metadata.propose({ kind: 'RemoveNode', id: 3 })
    const node = { id: 4, address: 'memory:4', role: 'learner', draining: false } as const
    await metadata.propose({ kind: 'UpsertNode', node })
    all.push(new Heartbeats({ nodeId: 4, metadata, peers: peers.open(4), clock, limits }))
    await pass(limits.silenceMs + 200)
    expect([...all[0]!.live()].sort()).to.deep.equal([1, 2, 4])
  })
})
