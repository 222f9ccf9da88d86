import { WalrusError, type MetadataCommand } from '@walrus/core'
import { expect } from 'chai'
import { ManualClock } from './manual-clock.js'
import { SharedMetadata } from './shared-metadata.js'

const upsert = (id: number): MetadataCommand => ({
  kind: 'UpsertNode',
  node: { id, address: `memory:${id}`, role: 'voter', draining: false },
})

describe('metadata that several nodes share', () => {
  let clock: ManualClock
  let shared: SharedMetadata

  beforeEach(() => {
    clock = new ManualClock({ autoDefer: true })
    shared = new SharedMetadata({ clock, voters: [1, 2, 3] })
  })

  const codeOf = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'resolved',
      (error: unknown) => (error instanceof WalrusError ? error.code : String(error)),
    )

  it('is decided by a majority, and every node comes to the same state', async () => {
    const [one, two] = [shared.open(1), shared.open(2)]
    expect(await one.propose(upsert(1))).to.deep.equal({ outcome: 'applied' })
    expect(await two.propose(upsert(1))).to.deep.equal({ outcome: 'unchanged' })
    await one.barrier()
    expect(one.state).to.deep.equal(two.state)
    expect([one.status().role, two.status().role, two.status().leader]).to.deep.equal(['Leader', 'Follower', 1])
  })

  it('reaches a slow node late, and a barrier waits for that', async () => {
    const [one, two] = [shared.open(1), shared.open(2)]
    shared.delayMs = (node) => (node === 2 ? 100 : 0)
    await one.propose(upsert(1))
    expect(two.state.version).to.equal(0)
    const barrier = two.barrier()
    clock.advance(100)
    await barrier
    expect(two.state.version).to.equal(1)
  })

  it('is not decided without a majority, and a node that is cut off hears nothing', async () => {
    const [one, two] = [shared.open(1), shared.open(2)]
    await one.propose(upsert(1))
    await two.barrier()
    shared.cut(2)
    const lonely = codeOf(two.propose(upsert(2)))
    const few = codeOf(one.propose(upsert(3)))
    expect(two.status().leader).to.equal(null)
    clock.advance(1000)
    expect([await lonely, await few]).to.deep.equal(['UNAVAILABLE', 'UNAVAILABLE'])
    shared.heal()
    expect(await two.propose(upsert(2))).to.deep.equal({ outcome: 'applied' })
  })

  it('goes on where a node was when it comes back', async () => {
    const one = shared.open(1)
    shared.open(2)
    await one.propose(upsert(1))
    shared.kill(1)
    const three = shared.open(3)
    await three.propose(upsert(3))
    const again = shared.open(1)
    expect(again.state.version).to.equal(1)
    await again.barrier()
    expect([...again.state.nodes.keys()]).to.deep.equal([1, 3])
    expect(await codeOf(one.propose(upsert(2)))).to.equal('STORAGE_CLOSED')
  })
})
