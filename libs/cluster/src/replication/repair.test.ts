import { endPosition, type NodeId } from '@walrus/core'
import type { MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { TestCluster, type ClusterOptions } from './replication-harness.test.js'

describe('repair of copies', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  async function started(replicas: readonly NodeId[], options?: ClusterOptions): Promise<void> {
    cluster = new TestCluster(options)
    await cluster.start('logs', 'quorum', replicas)
  }

  async function append(...entries: readonly string[]): Promise<void> {
    const leader = await cluster.leaderOf('logs')
    const tickets = entries.map((entry) => leader.append('logs', entry))
    await cluster.settled(Promise.all(tickets.map((ticket) => ticket.done())))
  }

  function copyOn(id: NodeId, segment = 1): { position: number; sealed: boolean } | undefined {
    const log = cluster.node(id).storage.segment({ topic: 'logs', segment })
    return log && { position: log.position, sealed: log.sealed }
  }

  it('records the end of a sealed segment on every replica', async () => {
    await started([1, 2, 3])
    await append('a', 'b')
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'))
    expect([1, 2, 3].map((id) => copyOn(id))).to.deep.equal(Array(3).fill({ position: 2, sealed: true }))
  })

  it('completes a copy that missed the end', async () => {
    await started([1, 2, 3], { limits: { stretchBytesMax: 200 } })
    await append('a')
    cluster.crash(3)
    for (let at = 0; at < 20; at += 1) await append(`entry-${at}`)
    await cluster.roll('logs')
    cluster.open(3)
    await cluster.until(() => cluster.isWhole('logs'))
    expect(copyOn(3)).to.deep.equal({ position: 21, sealed: true })
    expect(await cluster.stored('logs', 3)).to.deep.equal(await cluster.stored('logs', 1))
  })

  it('makes a copy where there is none, with the state that the segment began with', async () => {
    await started([1, 2, 3])
    await append('a')
    const first = await cluster.leaderOf('logs')
    await cluster.settled(first.segment('logs').commitCursor('reader', 1).done())
    await cluster.roll('logs')
    cluster.crash(3)
    await append('b')
    await cluster.roll('logs')
    await cluster.until(() => cluster.last('logs').id >= 3)
    cluster.open(3)
    await cluster.until(() => cluster.isWhole('logs'))
    const copy = cluster.node(3).storage.segment({ topic: 'logs', segment: 2 })!
    expect([copy.entryCount, copy.topicState.cursors.get('reader')]).to.deep.equal([1, 1])
  })

  it('replaces a copy that is damaged, when another node has a whole one', async () => {
    await started([1, 2, 3])
    await append('a', 'b')
    await append('c')
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'))
    const { disk } = cluster.node(3).storage as MemoryLogStorage
    cluster.crash(3)
    const stored = [...disk.values()].find((segment) => segment.segment === 1)!
    stored.batches.pop()
    stored.entries.pop()
    cluster.open(3)
    await cluster.until(() => cluster.isUp(3) && cluster.isWhole('logs'))
    expect(await cluster.stored('logs', 3)).to.deep.equal(['a', 'b', 'c'])
    expect(cluster.reports.map((line) => line.message)).to.include('a damaged copy is replaced')
  })

  it('keeps a damaged copy that is the only one left', async () => {
    await started([1])
    await append('a', 'b')
    await append('c')
    await cluster.settled(cluster.roll('logs'))
    await cluster.until(() => copyOn(1)?.sealed === true)
    const { disk } = cluster.node(1).storage as MemoryLogStorage
    cluster.crash(1)
    const stored = [...disk.values()].find((segment) => segment.segment === 1)!
    stored.batches.pop()
    stored.entries.pop()
    cluster.open(1)
    await cluster.run(11_000)
    expect(copyOn(1)).to.deep.equal({ position: 2, sealed: true })
    expect(cluster.reports.at(-1)?.reason).to.match(/no other node has a whole copy/)
  })

  it('removes what was trimmed, and what was deleted', async () => {
    await started([1, 2, 3])
    await append('a')
    await cluster.roll('logs')
    await append('b')
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'))
    const { metadata } = cluster.node(2)
    const { epoch } = cluster.topic('logs').segments[0]!
    await cluster.settled(metadata.propose({ kind: 'TrimTopic', topic: 'logs', upToSegment: 1, epoch }))
    await cluster.until(() => [1, 2, 3].every((id) => copyOn(id) === undefined))
    expect([1, 2, 3].map((id) => copyOn(id, 2)?.position)).to.deep.equal([1, 1, 1])
    await cluster.settled(metadata.propose({ kind: 'DeleteTopic', topic: 'logs', epoch: cluster.last('logs').epoch }))
    await cluster.until(() => [1, 2, 3].every((id) => [...cluster.node(id).storage.segments()].length === 0))
  })

  it('takes no copy of a deleted topic for one of the topic that has its name now', async () => {
    await started([1, 2, 3])
    await append('old')
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'))
    cluster.crash(3)
    const { metadata } = cluster.node(2)
    const { epoch } = cluster.last('logs')
    await cluster.settled(metadata.propose({ kind: 'DeleteTopic', topic: 'logs', epoch }))
    await cluster.createTopic('logs', 'quorum', [1, 2, 3])
    await append('new')
    await cluster.roll('logs')
    cluster.open(3)
    await cluster.run(5_000)
    await cluster.until(() => cluster.isWhole('logs'))
    expect(await cluster.stored('logs', 3)).to.deep.equal(['new'])
  })

  it('gives the place of a replica that is dead for long to another node', async () => {
    await started([1, 2, 3], { nodes: 5, limits: { replaceDeadAfterMs: 20_000 } })
    await append('a', 'b')
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'))
    cluster.crash(3)
    await cluster.run(15_000)
    expect(cluster.topic('logs').segments[0]!.replicas).to.deep.equal([1, 2, 3])
    await cluster.until(() => cluster.topic('logs').segments[0]!.replicas.includes(4))
    expect(cluster.topic('logs').segments[0]!.replicas).to.deep.equal([1, 2, 4])
    await cluster.until(() => copyOn(4)?.sealed === true)
    expect(await cluster.stored('logs', 4)).to.deep.equal(['a', 'b'])
    cluster.open(3)
    await cluster.until(() => cluster.isUp(3) && copyOn(3) === undefined, 'that the old copy is gone')
  })

  it('moves everything away from a node that leaves', async () => {
    await started([1], { nodes: 3 })
    await append('a', 'b')
    await cluster.roll('logs')
    await drain(1)
    await cluster.until(() => cluster.topic('logs').segments[0]!.replicas.join() === '2')
    await cluster.until(() => copyOn(2)?.sealed === true && copyOn(1) === undefined)
    expect(await cluster.stored('logs', 2)).to.deep.equal(['a', 'b'])
  })

  it('takes a leaving node off where every other one has a copy', async () => {
    await started([1, 2, 3])
    await append('a')
    await cluster.roll('logs')
    await drain(1)
    await cluster.until(() => cluster.topic('logs').segments[0]!.replicas.join() === '2,3')
    await cluster.until(() => copyOn(1) === undefined)
    expect([2, 3].map((id) => copyOn(id)?.position)).to.deep.equal([1, 1])
  })

  it('removes no copy before others are known to have the segment', async () => {
    await started([1], { nodes: 3 })
    await append('a')
    await cluster.roll('logs')
    await cluster.until(() => cluster.last('logs').id === 2)
    const sealed = cluster.topic('logs').segments[0]!
    cluster.crash(3)
    const { epoch, id: segment } = sealed
    const command = { kind: 'ReplaceReplicas', topic: 'logs', segment, epoch, before: [1], after: [3] } as const
    await cluster.settled(cluster.node(2).metadata.propose(command))
    await cluster.run(12_000)
    expect(copyOn(1)?.position).to.equal(endPosition(sealed))
  })

  async function drain(id: NodeId): Promise<void> {
    const { metadata } = cluster.node(2)
    const node = { ...metadata.state.nodes.get(id)!, draining: true }
    await cluster.settled(metadata.propose({ kind: 'UpsertNode', node }))
  }
})
