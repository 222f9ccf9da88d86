import { SHARED_CURSOR, WalrusError, type CommitTicket } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import { expect } from 'chai'
import { TestCluster, turns, type ClusterOptions, type TestNode } from './replication-harness.test.js'

describe('a replicated segment', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  async function started(options?: ClusterOptions, ack?: 'leader' | 'quorum' | 'all'): Promise<TestNode> {
    cluster = new TestCluster(options)
    await cluster.start('logs', ack)
    return await cluster.leaderOf('logs')
  }

  it('commits when a quorum has it, and is the same on every replica', async () => {
    const leader = await started()
    const tickets = ['a', 'b', 'c'].map((entry) => leader.append('logs', entry))
    await cluster.settled(tickets[2]!.done())
    expect(tickets.map((ticket) => ticket.state)).to.deep.equal(['committed', 'committed', 'committed'])
    expect(leader.segment('logs').committedCount).to.equal(3)
    await cluster.run(50)
    for (const id of cluster.ids) expect(await cluster.stored('logs', id)).to.deep.equal(['a', 'b', 'c'])
  })

  it('refuses what no replica could be sent, before anything is stored', async () => {
    const leader = await started({ limits: { batchBytesMax: 100 } })
    const segment = leader.segment('logs')
    const [small, large] = [new Uint8Array(90), new Uint8Array(97)]
    expect(() => segment.append(large))
      .to.throw(WalrusError, 'at most 100')
      .with.property('code', 'ENTRY_TOO_LARGE')
    expect(() => segment.appendBatch([small, small]))
      .to.throw(WalrusError)
      .with.property('code', 'BATCH_TOO_LARGE')
    expect(segment.appendedCount).to.equal(0)
    await cluster.settled(segment.append(small).done())
    expect(segment.committedCount).to.equal(1)
  })

  it('neither acknowledges nor shows what only its leader has', async () => {
    const leader = await started()
    cluster.peers.cut(1, 2)
    cluster.peers.cut(1, 3)
    const ticket = leader.append('logs', 'a')
    await cluster.run(100)
    const segment = leader.segment('logs')
    expect([ticket.state, segment.appendedCount, segment.committedCount]).to.deep.equal(['pending', 1, 0])
    expect(leader.storage.segment(segment)!.entryCount).to.equal(1)
    expect(await segment.read(0, { maxEntries: 10, maxBytes: 100 })).to.deep.equal([])
  })

  it('goes on while one replica is away, and completes it from disk when it is back', async () => {
    const leader = await started({ limits: { sendWindowBytesMax: 200 } })
    cluster.crash(3)
    for (let at = 0; at < 40; at += 1) await cluster.settled(leader.append('logs', `entry-${at}`).done())
    cluster.open(3)
    await cluster.until(() => (cluster.node(3).storage.segment(leader.segment('logs'))?.entryCount ?? 0) === 40)
    expect(await cluster.stored('logs', 3)).to.deep.equal(await cluster.stored('logs', 1))
  })

  it('goes on at any pace of its replicas, in order, several requests under way', async () => {
    const leader = await started({ limits: { stretchBytesMax: 150, replicaInFlightBytesMax: 2_000 } })
    cluster.peers.delayMs = (_, to) => (to === 3 ? 200 : 30)
    const tickets: CommitTicket[] = []
    for (let at = 0; at < 60; at += 1) {
      tickets.push(leader.append('logs', `entry-${at}`))
      await turns(2)
    }
    await cluster.settled(Promise.all(tickets.map((ticket) => ticket.done())))
    await cluster.until(() => cluster.node(3).storage.segment(leader.segment('logs'))?.entryCount === 60)
    expect(await cluster.stored('logs', 3)).to.deep.equal(tickets.map((_, at) => `entry-${at}`))
  })

  it('sends again what was lost on the way, or whose answer was', async () => {
    const leader = await started({ limits: { requestTimeoutMs: 400 } })
    let count = 0
    cluster.peers.fate = ({ kind }) => {
      if (kind !== CLUSTER_REQUESTS.replicate) return 'carried'
      count += 1
      return count % 5 === 1 ? 'lost' : count % 5 === 3 ? 'answer-lost' : 'carried'
    }
    for (let at = 0; at < 30; at += 1) {
      leader.append('logs', `entry-${at}`)
      await cluster.run(20)
    }
    const names = Array.from({ length: 30 }, (_, at) => `entry-${at}`)
    await cluster.until(() => leader.segment('logs').committedCount === 30)
    await cluster.until(() => cluster.node(2).storage.segment(leader.segment('logs'))?.entryCount === 30)
    await cluster.until(() => cluster.node(3).storage.segment(leader.segment('logs'))?.entryCount === 30)
    for (const id of cluster.ids) expect(await cluster.stored('logs', id)).to.deep.equal(names)
  })

  it('asks for as many copies as its policy says', async () => {
    for (const [ack, away, expected] of [
      ['leader', [2, 3], 'committed'],
      ['quorum', [3], 'committed'],
      ['quorum', [2, 3], 'pending'],
      ['all', [3], 'pending'],
    ] as const) {
      const leader = await started({}, ack)
      for (const node of away) cluster.peers.isolate(node)
      const ticket = leader.append('logs', 'a')
      await cluster.run(100)
      expect(ticket.state, `${ack} without ${away.join()}`).to.equal(expected)
      await cluster.close()
    }
  })

  it('needs its own disk for a commit, however many replicas have it', async () => {
    const leader = await started()
    let release = (): void => undefined
    leader.commit = () => new Promise((resolve) => (release = resolve))
    const ticket = leader.append('logs', 'a')
    await cluster.run(100)
    expect(cluster.node(2).storage.segment(leader.segment('logs'))!.entryCount).to.equal(1)
    expect([ticket.state, leader.segment('logs').committedCount]).to.deep.equal(['pending', 0])
    release()
    await cluster.settled(ticket.done())
  })

  it('takes nothing more once its disk has refused what replicas may have', async () => {
    const leader = await started({ limits: { requestTimeoutMs: 300 } })
    cluster.metadata.cut(1)
    const segment = leader.segment('logs')
    leader.commit = () => Promise.reject(new WalrusError('IO_FAILED', 'the disk is gone'))
    const ticket = segment.append(Uint8Array.of(1))
    await turns(10)
    leader.commit = () => Promise.resolve()
    expect(() => segment.append(Uint8Array.of(2))).to.throw(WalrusError, /the disk is gone/)
    expect([ticket.state, segment.appendedCount]).to.deep.equal(['pending', 0])
    await cluster.run(400)
    expect(codeOf(ticket)).to.equal('TIMED_OUT')
  })

  it('fails an append that no quorum takes in time, and may still commit it', async () => {
    const leader = await started({ limits: { requestTimeoutMs: 1_000, replicaTimeoutMs: 100, silenceMs: 1e9 } })
    cluster.peers.isolate(1)
    const early = leader.append('logs', 'early')
    await cluster.run(500)
    const late = leader.append('logs', 'late')
    await cluster.run(600)
    expect([codeOf(early), early.state, late.state]).to.deep.equal(['TIMED_OUT', 'failed', 'pending'])
    cluster.peers.heal()
    await cluster.settled(late.done())
    expect(await cluster.stored('logs', 2)).to.deep.equal(['early', 'late'])
    expect(leader.segment('logs').committedCount).to.equal(2)
  })

  it('refuses what is too much to wait for the quorum', async () => {
    const leader = await started({ limits: { uncommittedBytesMax: 1_000, requestTimeoutMs: 1e9, silenceMs: 1e9 } })
    cluster.peers.isolate(1)
    let accepted = 0
    const fill = (): void => {
      for (;;) {
        leader.append('logs', 'x'.repeat(96))
        accepted += 1
      }
    }
    expect(fill).to.throw(WalrusError).with.property('code', 'UNAVAILABLE')
    expect(accepted).to.equal(10)
    cluster.peers.heal()
    await cluster.until(() => leader.segment('logs').committedCount === 10)
    await cluster.settled(leader.append('logs', 'again').done())
  })

  it('tells idle replicas what is committed', async () => {
    const leader = await started()
    await cluster.settled(leader.append('logs', 'a').done())
    await cluster.run(100)
    const { segment } = leader.segment('logs')
    const counts = [2, 3].map((id) => cluster.node(id).replication.committedCount({ topic: 'logs', segment }))
    expect(counts).to.deep.equal([1, 1])
    expect(cluster.node(2).replication.committedCount({ topic: 'other', segment: 1 })).to.equal(0)
  })

  it('says nothing more when there is nothing to say', async () => {
    const leader = await started()
    await cluster.settled(leader.append('logs', 'a').done())
    await cluster.run(200)
    let asked = 0
    cluster.peers.fate = ({ kind }) => {
      if (kind === CLUSTER_REQUESTS.replicate) asked += 1
      return 'carried'
    }
    await cluster.run(500)
    expect(asked).to.equal(0)
  })

  it('shows cursors and producers when the quorum has them', async () => {
    const leader = await started({ limits: { silenceMs: 1e9 } })
    const segment = leader.segment('logs')
    const state = segment.topicState
    await cluster.settled(segment.appendBatch([Uint8Array.of(1), Uint8Array.of(2)], { id: 7, sequence: 5 }).done())
    await cluster.settled(segment.commitCursor(SHARED_CURSOR, 2).done())
    expect([[...state.cursors], [...state.producers]]).to.deep.equal([[[SHARED_CURSOR, 2]], [[7, 6]]])
    cluster.peers.isolate(1)
    const cursor = segment.commitCursor(SHARED_CURSOR, 1)
    await cluster.run(100)
    expect([cursor.state, state.cursors.get(SHARED_CURSOR)]).to.deep.equal(['pending', 2])
    cluster.peers.heal()
    await cluster.settled(cursor.done())
    expect(state.cursors.get(SHARED_CURSOR)).to.equal(1)
  })

  it('is sealed when the quorum has all of it', async () => {
    const leader = await started()
    cluster.peers.cut(1, 3)
    const segment = leader.segment('logs')
    segment.append(Uint8Array.of(1))
    segment.append(Uint8Array.of(2))
    segment.commitCursor(SHARED_CURSOR, 1)
    const sealing = segment.seal()
    expect(() => segment.append(Uint8Array.of(3)))
      .to.throw(WalrusError)
      .with.property('code', 'SEGMENT_SEALED')
    expect(await cluster.settled(sealing)).to.deep.equal({ entryCount: 2, controlCount: 1, isFinal: true })
    expect([segment.committedCount, cluster.node(2).storage.segment(segment)!.position]).to.deep.equal([2, 3])
    expect(await segment.seal()).to.deep.equal({ entryCount: 2, controlCount: 1, isFinal: true })
  })

  it('is not sealed while the quorum lacks something, and may be tried again', async () => {
    const leader = await started({ limits: { requestTimeoutMs: 500, silenceMs: 1e9 } })
    cluster.peers.isolate(1)
    const segment = leader.segment('logs')
    segment.append(Uint8Array.of(1))
    const failure = await cluster.settled(segment.seal().catch((error: unknown) => error))
    expect(failure).to.be.instanceOf(WalrusError).with.property('code', 'UNAVAILABLE')
    cluster.peers.heal()
    await cluster.until(() => segment.committedCount === 1)
    expect(await cluster.settled(segment.seal())).to.deep.equal({ entryCount: 1, controlCount: 0, isFinal: true })
  })
})

function codeOf(ticket: CommitTicket): string | undefined {
  return ticket.error instanceof WalrusError ? ticket.error.code : undefined
}
