import { SHARED_CURSOR, WalrusError, type CommitTicket } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import { expect } from 'chai'
import { TestCluster, type ClusterOptions, type TestNode } from './replication-harness.test.js'

describe('recovery of a segment', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  async function started(options?: ClusterOptions): Promise<TestNode> {
    cluster = new TestCluster(options)
    await cluster.start('logs')
    // The coordinator is another node than the leader of the segment.
    cluster.metadata.elect(2)
    return await cluster.leaderOf('logs')
  }

  async function appended(node: TestNode, ...entries: readonly string[]): Promise<void> {
    const tickets = entries.map((entry) => node.append('logs', entry))
    await cluster.settled(Promise.all(tickets.map((ticket) => ticket.done())))
  }

  it('seals what a dead leader has acknowledged, and another node goes on', async () => {
    await appended(await started(), 'a', 'b')
    cluster.crash(1)
    const next = await cluster.leaderOf('logs')
    expect([next.id, cluster.last('logs').id, cluster.last('logs').baseOffset]).to.deep.equal([2, 2, 2])
    await appended(next, 'c')
    cluster.open(1)
    await cluster.until(() => cluster.isWhole('logs'))
    await cluster.run(500)
    for (const id of cluster.ids) expect(await cluster.stored('logs', id)).to.deep.equal(['a', 'b', 'c'])
  })

  it('begins within moments after the leader was silent for too long', async () => {
    await appended(await started(), 'a')
    const beginMs = cluster.clock.monotonicMs()
    cluster.crash(1)
    await cluster.leaderOf('logs')
    expect(cluster.clock.monotonicMs() - beginMs).to.be.below(cluster.limits.silenceMs + 500)
  })

  it('leaves a leader alone that answers', async () => {
    await appended(await started(), 'a')
    await cluster.run(5_000)
    expect(cluster.last('logs')).to.include({ id: 1, state: 'open' })
  })

  it('lets a leader that was cut off acknowledge nothing any more, and loses nothing that it had', async () => {
    const old = await started({ limits: { requestTimeoutMs: 30_000 } })
    await appended(old, 'a')
    cluster.isolate(1)
    const late = old.append('logs', 'late')
    const next = await cluster.leaderAfter('logs', 1)
    await appended(next, 'b')
    cluster.heal()
    await cluster.until(() => late.state !== 'pending')
    expect([late.state, codeOf(late)]).to.deep.equal(['failed', 'NOT_LEADER'])
    await cluster.until(() => cluster.isWhole('logs'))
    expect(await cluster.stored('logs', 1))
      .to.include.members(['a'])
      .and.not.include('late')
  })

  it('gives up on the old leader what nobody else had', async () => {
    const old = await started()
    await appended(old, 'a')
    cluster.isolate(1)
    old.append('logs', 'late')
    await cluster.run(100)
    expect(old.storage.segment({ topic: 'logs', segment: 1 })!.entryCount).to.equal(2)
    await cluster.leaderAfter('logs', 1)
    cluster.crash(1)
    cluster.heal()
    const again = cluster.open(1)
    await cluster.until(() => again.storage.segment({ topic: 'logs', segment: 1 })?.sealed === true)
    expect(again.storage.segment({ topic: 'logs', segment: 1 })!.entryCount).to.equal(1)
  })

  it('acknowledges what it finds, when the leader hears of it in time', async () => {
    const old = await started({ limits: { requestTimeoutMs: 30_000 } })
    // Answers of replicas do not come back: the leader cannot know that its entry is safe.
    cluster.peers.cut(2, 1)
    cluster.peers.cut(3, 1)
    const ticket = old.append('logs', 'a')
    await cluster.run(500)
    expect(ticket.state).to.equal('pending')
    await cluster.until(() => ticket.state !== 'pending')
    expect([ticket.state, ticket.lastOffset, cluster.topic('logs').segments[0]!.entryCount]).to.deep.equal([
      'committed',
      0,
      1,
    ])
  })

  it('takes the longest of the copies, and brings it to a quorum first', async () => {
    const old = await started({ nodes: 5, limits: { requestTimeoutMs: 30_000 } })
    await appended(old, 'a')
    await cluster.run(50)
    for (const node of [3, 4, 5]) cluster.peers.cut(1, node)
    old.append('logs', 'b')
    await cluster.run(50)
    let holders = 0
    cluster.node(2).metadata.subscribe((command) => {
      if (command.kind === 'SealAndRoll') holders = [2, 3, 4, 5].filter((id) => countOn(id) === 2).length
    })
    const countOn = (id: number): number =>
      cluster.node(id).storage.segment({ topic: 'logs', segment: 1 })?.entryCount ?? 0
    cluster.crash(1)
    await cluster.leaderAfter('logs', 1)
    expect(cluster.topic('logs').segments[0]).to.include({ entryCount: 2, ackQuorum: 3 })
    expect(holders).to.be.at.least(3)
  })

  it('waits while too few replicas can be heard, and goes on by itself', async () => {
    await appended(await started(), 'a')
    cluster.crash(1)
    cluster.crash(3)
    await cluster.run(5_000)
    expect(cluster.last('logs').state).to.not.equal('sealed')
    expect(cluster.last('logs').id).to.equal(1)
    cluster.open(3)
    await cluster.leaderOf('logs')
    expect(cluster.topic('logs').segments[0]!.entryCount).to.equal(1)
  })

  it('is taken over when its coordinator dies in the middle', async () => {
    await appended(await started(), 'a')
    cluster.peers.fate = ({ kind, from }) => (kind === CLUSTER_REQUESTS.fence && from === 2 ? 'lost' : 'carried')
    cluster.crash(1)
    await cluster.until(() => cluster.last('logs').state === 'recovering')
    await cluster.run(100)
    cluster.open(1)
    await cluster.run(50)
    cluster.crash(2)
    await cluster.leaderOf('logs')
    expect(cluster.topic('logs').segments[0]).to.include({ state: 'sealed', entryCount: 1 })
  })

  it('begins anew when the longest copy is gone before it was copied', async () => {
    const old = await started({ limits: { requestTimeoutMs: 30_000 } })
    await appended(old, 'a')
    await cluster.run(50)
    let asked = 0
    cluster.peers.fate = ({ kind, from, to }) => {
      if (kind === CLUSTER_REQUESTS.fetchBatches) asked += 1
      const isLost = kind === CLUSTER_REQUESTS.replicate ? from === 1 : kind === CLUSTER_REQUESTS.fence && to === 3
      return isLost || kind === CLUSTER_REQUESTS.fetchBatches ? 'lost' : 'carried'
    }
    old.append('logs', 'late')
    await cluster.run(50)
    const { epoch } = cluster.last('logs')
    await cluster.settled(cluster.node(2).metadata.propose({ kind: 'FenceSegment', topic: 'logs', segment: 1, epoch }))
    await cluster.until(() => asked > 0, 'that the longest copy is asked for')
    expect(old.storage.segment({ topic: 'logs', segment: 1 })!.entryCount).to.equal(2)
    cluster.crash(1)
    cluster.peers.fate = () => 'carried'
    const next = await cluster.leaderAfter('logs', 1)
    expect([cluster.topic('logs').segments[0]!.entryCount, next.segment('logs').baseOffset]).to.deep.equal([1, 1])
    cluster.open(1)
    await cluster.until(() => cluster.isUp(1) && cluster.isWhole('logs'))
    expect(await cluster.stored('logs', 1)).to.deep.equal(['a'])
  })

  it('does not let a leader go on whose disk refused what replicas may have', async () => {
    const old = await started({ limits: { requestTimeoutMs: 30_000 } })
    await appended(old, 'a')
    old.commit = () => Promise.reject(new WalrusError('IO_FAILED', 'the disk is gone'))
    const segment = old.segment('logs')
    const ticket = old.append('logs', 'b')
    await cluster.run(20)
    expect(() => segment.append(Uint8Array.of(1))).to.throw(WalrusError)
    old.commit = () => Promise.resolve()
    const next = await cluster.leaderOf('logs')
    await cluster.until(() => ticket.state !== 'pending')
    expect([ticket.state, ticket.lastOffset, next.segment('logs').baseOffset]).to.deep.equal(['committed', 1, 2])
    await cluster.until(() => cluster.isWhole('logs'))
    for (const id of cluster.ids) expect(await cluster.stored('logs', id)).to.deep.equal(['a', 'b'])
  })

  it('hands cursors and producers on', async () => {
    const old = await started()
    await appended(old, 'a', 'b')
    await cluster.settled(
      old
        .segment('logs')
        .appendBatch([Uint8Array.of(99)], { id: 5, sequence: 8 })
        .done(),
    )
    await cluster.settled(old.segment('logs').commitCursor(SHARED_CURSOR, 2).done())
    cluster.crash(1)
    const { topicState } = (await cluster.leaderOf('logs')).segment('logs')
    expect([[...topicState.cursors], [...topicState.producers]]).to.deep.equal([[[SHARED_CURSOR, 2]], [[5, 8]]])
  })

  it('hands them on over segments that nobody wrote to, to a node that has no copy of its own', async () => {
    cluster = new TestCluster({ nodes: 5 })
    await cluster.start('logs', 'quorum', [1, 2, 3])
    const first = await cluster.leaderOf('logs')
    await appended(first, 'a')
    await cluster.settled(first.segment('logs').commitCursor(SHARED_CURSOR, 1).done())
    for (let count = 0; count < 3; count += 1) await cluster.roll('logs')
    const fourth = await cluster.leaderOf('logs')
    expect([fourth.id, cluster.last('logs').id]).to.deep.equal([4, 4])
    expect(fourth.segment('logs').topicState.cursors.get(SHARED_CURSOR)).to.equal(1)
    expect(fourth.storage.segment({ topic: 'logs', segment: 1 })).to.equal(undefined)
  })

  it('ends an only copy without writing to it, so also when its disk has no room', async () => {
    cluster = new TestCluster()
    await cluster.start('logs', 'quorum', [1])
    cluster.metadata.elect(2)
    const old = await cluster.leaderOf('logs')
    await appended(old, 'a')
    old.commit = () => Promise.reject(new WalrusError('DISK_FULL', 'Cannot write: no space left'))
    const { epoch } = cluster.last('logs')
    const fence = { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch } as const
    await cluster.settled(cluster.node(2).metadata.propose(fence))
    const next = await cluster.leaderAfter('logs', 1)
    expect([next.id, cluster.topic('logs').segments[0]!.entryCount]).to.deep.equal([2, 1])
  })

  it('leaves a segment to its node when that has the only copy', async () => {
    cluster = new TestCluster()
    await cluster.start('logs', 'quorum', [1])
    await appended(await cluster.leaderOf('logs'), 'a')
    cluster.crash(1)
    await cluster.run(5_000)
    expect(cluster.last('logs')).to.include({ id: 1, state: 'open' })
  })
})

describe('a forced seal', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  it('ends a segment with the copies that can be heard, and says who was not', async () => {
    cluster = new TestCluster({ nodes: 5 })
    await cluster.start('logs', 'quorum', [1, 2, 3])
    const leader = await cluster.leaderOf('logs')
    const ticket = leader.append('logs', 'a')
    await cluster.settled(ticket.done())
    await cluster.run(100)
    cluster.crash(1)
    cluster.crash(2)
    await cluster.run(3_000)
    expect(cluster.last('logs').state).to.equal('recovering')
    const forced = await cluster.settled(cluster.node(4).replication.forceSeal('logs'))
    expect(forced).to.deep.equal({ topic: 'logs', segment: 1, entryCount: 1, unheardReplicas: [1, 2] })
    expect((await cluster.leaderOf('logs')).id).to.not.be.oneOf([1, 2])
  })

  it('loses what only unheard replicas have, and the old leader gives it up', async () => {
    cluster = new TestCluster()
    await cluster.start('logs', 'quorum', [1])
    cluster.metadata.elect(2)
    await cluster.settled((await cluster.leaderOf('logs')).append('logs', 'a').done())
    cluster.crash(1)
    await cluster.run(2_000)
    const forced = await cluster.settled(cluster.node(3).replication.forceSeal('logs'))
    expect(forced).to.deep.equal({ topic: 'logs', segment: 1, entryCount: 0, unheardReplicas: [1] })
    const node = cluster.open(1)
    await cluster.until(() => node.storage.segment({ topic: 'logs', segment: 1 })?.sealed === true)
    expect(node.storage.segment({ topic: 'logs', segment: 1 })!.entryCount).to.equal(0)
  })

  it('knows no topic that does not exist', async () => {
    cluster = new TestCluster()
    await cluster.start('logs')
    const failure = await cluster
      .node(1)
      .replication.forceSeal('nothing')
      .catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(WalrusError).with.property('code', 'UNKNOWN_TOPIC')
  })
})

function codeOf(ticket: CommitTicket): string | undefined {
  return ticket.error instanceof WalrusError ? ticket.error.code : undefined
}
