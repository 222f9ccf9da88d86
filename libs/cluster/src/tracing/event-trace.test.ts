import type { NodeId, ProtocolEvent } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from '../cluster-harness.test.js'
import { bytes } from '../node-harness.test.js'

describe('event trace', () => {
  let cluster: ClusterHarness
  let events: Map<NodeId, ProtocolEvent[]>

  beforeEach(() => {
    events = new Map([1, 2, 3].map((id) => [id, []]))
    cluster = new ClusterHarness([1, 2, 3])
    const open = cluster.open.bind(cluster)
    cluster.open = (id) => open(id, { trace: { record: (event) => void events.get(id)?.push(event) } })
  })
  afterEach(() => cluster.close())

  it('tells of a PUT, a GET and a rollover what leader and replicas do, in their order', async () => {
    const [node] = await cluster.start()
    await cluster.until(node!.register('logs'))
    const leader = cluster.leaderOf('logs')
    const replica = leader === 1 ? 2 : 1
    for (const one of events.values()) one.length = 0
    await cluster.until(cluster.node(leader).append('logs', bytes('entry')).done())
    await cluster.until(cluster.node(leader).get('logs'))
    await cluster.until(cluster.node(leader).administration.rollTopic('logs'))

    const where = { topic: 'logs', segment: 1, epoch: 4 }
    const led = events.get(leader)!
    expect(led.filter(({ kind }) => kind !== 'segment-opened').map(withoutEpoch)).to.deep.equal(
      [
        { kind: 'appended', ...where, position: 0, entryCount: 1 },
        { kind: 'stored', ...where, position: 1 },
        { kind: 'committed', ...where, position: 1 },
        { kind: 'appended', ...where, position: 1, entryCount: 0, cursors: { shared: 1 } },
        { kind: 'stored', ...where, position: 2 },
        { kind: 'committed', ...where, position: 2 },
        { kind: 'delivered', topic: 'logs', cursor: 'shared', offset: 0, entryCount: 1 },
        { kind: 'seal-proposed', ...where, by: 'leader', entryCount: 1, controlCount: 1, nextLeader: nextOf(leader) },
      ].map(withoutEpoch),
    )
    expect(
      events
        .get(replica)!
        .filter(({ kind }) => kind !== 'segment-opened')
        .map(withoutEpoch),
    ).to.deep.equal(
      [
        { kind: 'taken', ...where, position: 0, end: 1 },
        { kind: 'stored', ...where, position: 1 },
        { kind: 'taken', ...where, position: 1, end: 2 },
        { kind: 'stored', ...where, position: 2 },
      ].map(withoutEpoch),
    )
  })

  it('tells of a fail-over, and of what a node finds when it is back', async () => {
    const [node] = await cluster.start()
    await cluster.until(node!.register('logs'))
    const leader = cluster.leaderOf('logs')
    await cluster.until(cluster.node(leader).append('logs', bytes('entry')).done())
    cluster.kill(leader)
    await cluster.advance(10_000)
    const others = [1, 2, 3].filter((id) => id !== leader).flatMap((id) => events.get(id)!)
    const kinds = others.map(({ kind }) => kind)
    expect(kinds).to.include.members(['fenced', 'recovery-decided', 'seal-proposed', 'segment-opened'])
    const decided = others.find((event) => event.kind === 'recovery-decided')
    expect(decided).to.include({ segment: 1, entryCount: 1, controlCount: 0 })
    events.set(leader, [])
    await cluster.until(cluster.open(leader))
    const found = events.get(leader)!.slice(0, 2)
    expect(found.map(({ kind }) => kind)).to.deep.equal(['copy-found', 'node-opened'])
    expect(found[0]).to.include({ topic: 'logs', segment: 1, entryCount: 1, controlCount: 0, sealed: false })
  })

  function nextOf(leader: NodeId): NodeId {
    return (leader % 3) + 1
  }
})

/** The number of commands before the first topic is not what this is about. */
function withoutEpoch(event: object): object {
  return { ...event, epoch: 0 }
}
