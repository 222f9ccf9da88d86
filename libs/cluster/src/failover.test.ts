import { DEFAULT_TOPIC_CONFIG, type CommitTicket, type NodeId } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, range, text, turns } from './node-harness.test.js'

const ids = [1, 2, 3]

describe('fail-over', () => {
  let harness: ClusterHarness

  beforeEach(async () => {
    harness = new ClusterHarness(ids, { segmentLimits: { segmentEntriesMax: 10 }, topicConfig: DEFAULT_TOPIC_CONFIG })
    const nodes = await harness.start()
    await harness.until(nodes[0]!.register('logs'))
  })

  afterEach(() => harness.close())

  const others = (id: NodeId): NodeId[] => ids.filter((one) => one !== id)

  async function put(id: NodeId, entry: string): Promise<void> {
    await harness.until(harness.node(id).append('logs', bytes(entry)).done())
  }

  async function entriesAt(id: NodeId): Promise<string[]> {
    const found: string[] = []
    for (;;) {
      const limits = { maxEntries: 1000, maxBytes: 1e6 }
      const entries = await harness.until(harness.node(id).fetch('logs', found.length, limits))
      if (entries.length === 0) return found
      for (const entry of entries) expect(entry.offset).to.equal(found.push(text(entry.data) ?? '') - 1)
    }
  }

  /** Every acknowledged entry is found once, on each node. */
  async function expectAll(acknowledged: readonly string[]): Promise<void> {
    for (const id of harness.nodes.keys()) {
      const found = await entriesAt(id)
      expect(new Set(found).size).to.equal(found.length)
      expect(found).to.include.members([...acknowledged])
    }
  }

  it('from a leader that dies takes less than three seconds, and those who wait elsewhere see no error', async () => {
    for (const at of range(0, 5)) await put(1, `before-${at}`)
    const leader = harness.leaderOf('logs')
    const [left = 0, right = 0] = others(leader)
    harness.kill(leader)
    const startMs = harness.clock.monotonicMs()
    const tickets = range(0, 20).map((at) => harness.node(at % 2 === 0 ? left : right).append('logs', bytes(`w-${at}`)))
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
    expect(harness.clock.monotonicMs() - startMs).to.be.below(3000)
    await expectAll([...range(0, 5).map((at) => `before-${at}`), ...range(0, 20).map((at) => `w-${at}`)])
  })

  it('loses and repeats nothing while each node dies in turn and comes back, under writers', async () => {
    const acknowledged: string[] = []
    const pending: Promise<void>[] = []
    const write = (id: NodeId, entry: string): void => {
      const ticket = harness.node(id).append('logs', bytes(entry))
      const done = ticket.done().then(
        () => void acknowledged.push(entry),
        () => undefined,
      )
      pending.push(done)
    }
    for (const victim of [1, 2, 3, 2, 1]) {
      for (const at of range(0, 12)) write(ids[at % 3]!, `${pending.length}-a`)
      await harness.advance(10)
      harness.kill(victim)
      for (const at of range(0, 12)) write(others(victim)[at % 2]!, `${pending.length}-b`)
      await harness.advance(4000)
      await harness.until(harness.open(victim))
      await harness.advance(1000)
    }
    await harness.until(Promise.all(pending))
    expect(acknowledged.length).to.be.above(60)
    await expectAll(acknowledged)
  })

  it('a leader that was stopped and goes on acknowledges nothing that others do not have', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    const [other = 0] = others(leader)
    harness.stop(leader)
    await put(other, 'meanwhile')
    const late: CommitTicket[] = range(0, 5).map((at) => harness.node(leader).append('logs', bytes(`late-${at}`)))
    harness.resume(leader)
    await harness.until(Promise.allSettled(late.map((ticket) => ticket.done())))
    await harness.advance(500)
    const acknowledged = range(0, 5).filter((at) => late[at]?.state === 'committed')
    await put(other, 'after')
    await expectAll(['before', 'meanwhile', 'after', ...acknowledged.map((at) => `late-${at}`)])
  })

  it('a leader that was stopped does not say that there is nothing when others have gone on', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    const [other = 0] = others(leader)
    expect(text((await harness.until(harness.node(leader).get('logs')))?.data)).to.equal('before')
    harness.stop(leader)
    await put(other, 'meanwhile')
    const late = harness.node(leader).get('logs')
    await new Promise((resolve) => setImmediate(resolve))
    harness.resume(leader)
    expect(text((await harness.until(late))?.data)).to.equal('meanwhile')
  })

  it('what a leader had in its hands when it was stopped goes on to the next one, in order, and nobody sees an error', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    const [other = 0] = others(leader)
    for (const at of others(leader)) harness.peers.cut(leader, at)
    const node = harness.node(leader)
    const request = { command: 'append', topic: 'logs', producer: undefined } as const
    const early = [node.append('logs', bytes('e-0')), node.append('logs', bytes('e-1'))]
    const batch = node.binary.append({ ...request, entries: [bytes('e-2'), bytes('e-3')] })
    await harness.advance(20)
    early.push(node.append('logs', bytes('e-4')))
    await harness.advance(20)
    harness.stop(leader)
    harness.peers.heal()
    await put(other, 'meanwhile')
    harness.resume(leader)
    const late = range(5, 8).map((at) => node.append('logs', bytes(`e-${at}`)))
    await harness.until(Promise.all([...early, batch, ...late].map((ticket) => ticket.done())))
    const found = await entriesAt(other)
    expect(found).to.deep.equal(['before', 'meanwhile', ...range(0, 8).map((at) => `e-${at}`)])
    expect([batch.firstOffset, late[0]?.lastOffset]).to.deep.equal([2, 7])
  })

  it('a leader that is cut off acknowledges nothing, says so in time, and its clients go on after the heal', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    const [other = 0] = others(leader)
    harness.isolate(leader)
    const lost = harness.node(leader).append('logs', bytes('lonely'))
    await put(other, 'meanwhile')
    await harness.advance(2000)
    expect(lost.state).to.equal('pending')
    expect(harness.node(leader).ready).to.equal(false)
    const held = harness.node(leader).append('logs', bytes('held'))
    await harness.advance(6000)
    expect([lost.state, held.state]).to.deep.equal(['failed', 'failed'])
    harness.heal()
    await harness.advance(1000)
    await put(leader, 'after')
    expect(harness.node(leader).ready).to.equal(true)
    await expectAll(['before', 'meanwhile', 'after'])
  })

  it('of a link that works one way only ends in one leader', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    for (const other of others(leader)) harness.peers.cut(leader, other)
    harness.metadata.cut(leader)
    await put(others(leader)[0]!, 'meanwhile')
    harness.heal()
    await harness.advance(1000)
    await put(leader, 'after')
    await expectAll(['before', 'meanwhile', 'after'])
  })

  it('stops writes when two of three are down, and goes on by itself when they are back', async () => {
    await put(1, 'before')
    const [survivor = 0, ...down] = ids
    for (const id of down) harness.kill(id)
    const ticket = harness.node(survivor).append('logs', bytes('alone'))
    await harness.advance(6000)
    expect(ticket.state).to.equal('failed')
    expect(await entriesAt(survivor)).to.include('before')
    for (const id of down) await harness.until(harness.open(id))
    await harness.advance(4000)
    await put(survivor, 'after')
    await put(down[0]!, 'again')
    await expectAll(['before', 'after', 'again'])
  })

  it('is not needed when a segment is full of entries that no quorum takes: it is ended when one does', async () => {
    const leader = harness.leaderOf('logs')
    harness.peers.fate = ({ kind }) => (kind === CLUSTER_REQUESTS.replicate ? 'lost' : 'carried')
    const tickets = range(0, 10).map((at) => harness.node(leader).append('logs', bytes(`full-${at}`)))
    await harness.advance(6000)
    expect(tickets.map(({ state }) => state)).to.deep.equal(range(0, 10).map(() => 'failed'))
    harness.peers.fate = () => 'carried'
    await put(leader, 'after')
    await expectAll([...range(0, 10).map((at) => `full-${at}`), 'after'])
    expect(harness.metadata.stateOf(leader).topics.get('logs')?.segments[0]?.entryCount).to.equal(10)
  })

  it('continues after all have died at once, with the cursor where it was', async () => {
    for (const at of range(0, 25)) await put(ids[at % 3]!, `${at}`)
    for (const at of range(0, 7))
      expect(text((await harness.until(harness.node(2).get('logs')))?.data)).to.equal(`${at}`)
    for (const id of ids) harness.kill(id)
    await harness.until(Promise.all(ids.map((id) => harness.open(id))))
    await harness.advance(3000)
    for (const at of range(7, 25)) {
      expect(text((await harness.until(harness.node(ids[at % 3]!).get('logs')))?.data)).to.equal(`${at}`)
    }
    await put(3, 'after')
    expect(text((await harness.until(harness.node(1).get('logs')))?.data)).to.equal('after')
  })

  it('ends the segment of a leader that is back at once: it does not go on with what it may have lost', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    harness.kill(leader)
    await harness.until(harness.open(leader))
    await harness.advance(200)
    await put(leader, 'after')
    const state = await harness.until(harness.node(leader).state('logs'))
    expect(state.sealed_segments).to.deep.equal({ 1: 1 })
    expect(state.current_segment).to.equal(2)
    await expectAll(['before', 'after'])
  })

  it('delivers nothing twice while leaders die under readers', async () => {
    for (const at of range(0, 60)) await put(ids[at % 3]!, `${at}`)
    const taken: string[] = []
    for (const round of range(0, 6)) {
      const victim = harness.leaderOf('logs')
      const calls = others(victim).flatMap((id) => range(0, 4).map(() => harness.node(id).get('logs')))
      await turns(round)
      if (round % 2 === 1) harness.kill(victim)
      for (const result of await harness.until(Promise.allSettled(calls))) {
        if (result.status === 'fulfilled' && result.value !== undefined) taken.push(text(result.value.data) ?? '')
      }
      await harness.advance(3000)
      if (!harness.nodes.has(victim)) await harness.until(harness.open(victim))
      await harness.advance(1000)
    }
    expect(new Set(taken).size).to.equal(taken.length)
    expect(taken.length).to.be.at.least(24)
  })

  it('is not needed when a node leaves in peace: it hands on what it leads', async () => {
    await put(1, 'before')
    const leader = harness.leaderOf('logs')
    const tickets = range(0, 30).map((at) => harness.node(ids[at % 3]!).append('logs', bytes(`${at}`)))
    await harness.until(harness.node(leader).drain())
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
    await harness.until(harness.node(leader).drain())
    expect(harness.leaderOf('logs')).not.to.equal(leader)
    const startMs = harness.clock.monotonicMs()
    await put(leader, 'still served')
    expect(harness.clock.monotonicMs() - startMs).to.be.below(500)
    await expectAll(['before', 'still served', ...range(0, 30).map(String)])
  })
})
