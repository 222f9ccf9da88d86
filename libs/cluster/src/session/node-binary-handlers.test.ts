import { DEFAULT_TOPIC_CONFIG, SHARED_CURSOR, WalrusError, type CommitTicket, type Producer } from '@walrus/core'
import type { EntriesReply } from '@walrus/protocol'
import { expect } from 'chai'
import { ClusterHarness } from '../cluster-harness.test.js'
import type { ClusterNode } from '../cluster-node.js'
import { bytes, codeOf, NodeHarness, range, turns } from '../node-harness.test.js'

const READ = { maxEntries: 100, maxBytes: 1_000_000, maxWaitMs: 0 } as const

function append(node: ClusterNode, texts: readonly string[], producer?: Producer): CommitTicket {
  return node.binary.append({ command: 'append', topic: 'logs', producer, entries: texts.map(bytes) })
}

function texts({ entries }: EntriesReply): string[] {
  return entries.map(({ offset, data }) => `${offset} ${Buffer.from(data).toString()}`)
}

function fetch(node: ClusterNode, offset: number, bounds = {}): Promise<EntriesReply> {
  return node.binary.fetch({ command: 'fetch', topic: 'logs', offset, ...READ, ...bounds })
}

function next(node: ClusterNode, cursor: string, maxEntries: number, bounds = {}): Promise<EntriesReply> {
  return node.binary.next({ command: 'next', topic: 'logs', cursor, ...READ, maxEntries, ...bounds })
}

function move(node: ClusterNode, kind: 'seek' | 'commit', offset: number): Promise<{ readonly offset: number }> {
  return node.binary.moveCursor({ command: 'moveCursor', topic: 'logs', cursor: 'mine', move: kind, offset })
}

describe('binary commands on one node', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(async () => {
    harness = new NodeHarness()
    node = await harness.start({ segmentLimits: { segmentEntriesMax: 5 } })
    await node.register('logs')
  })

  afterEach(() => node.close())

  it('keep a batch in one segment, though it gets more than it is to have', async () => {
    await append(node, ['a', 'b', 'c']).done()
    const second = append(node, ['d', 'e', 'f', 'g'])
    await second.done()
    await append(node, ['h']).done()
    expect(harness.sealedCounts('logs')).to.deep.equal([7])
    expect(texts(await fetch(node, 0))).to.have.length(7)
    expect(texts(await fetch(node, 7))).to.deep.equal(['7 h'])
  })

  it('keep the order of batches that wait for the next segment, each whole and at its offsets', async () => {
    const tickets = range(0, 40).map((at) => append(node, [`${at}a`, `${at}b`, `${at}c`]))
    await Promise.all(tickets.map((ticket) => ticket.done()))
    const found: string[] = []
    while (found.length < 120) found.push(...texts(await fetch(node, found.length)))
    expect(found).to.deep.equal(range(0, 120).map((at) => `${at} ${Math.floor(at / 3)}${'abc'[at % 3]}`))
    for (const [at, { firstOffset, lastOffset }] of tickets.entries()) {
      // A ticket that is shared is read right after the append, which the session does.
      if (lastOffset - firstOffset === 2) expect(firstOffset).to.equal(3 * at)
    }
  })

  it('store what a producer sends again once, and say where', async () => {
    const first = append(node, ['a', 'b'], { id: 9, sequence: 0 })
    await first.done()
    await append(node, ['x']).done()
    const again = append(node, ['a', 'b'], { id: 9, sequence: 0 })
    await again.done()
    expect([first.firstOffset, again.firstOffset]).to.deep.equal([0, 0])
    await append(node, ['c'], { id: 9, sequence: 2 }).done()
    expect(texts(await fetch(node, 0))).to.deep.equal(['0 a', '1 b', '2 x', '3 c'])
  })

  it('store once what a producer sends twice at the same time, over rollovers and a restart', async () => {
    const batches = range(0, 12).map((at) => ({ names: [`${at}`], producer: { id: 9, sequence: at } }))
    const all = batches.flatMap(({ names, producer }) => [append(node, names, producer), append(node, names, producer)])
    await Promise.all(all.map((ticket) => ticket.done()))
    harness.kill()
    node = await harness.start({ segmentLimits: { segmentEntriesMax: 5 } })
    for (const { names, producer } of batches) await append(node, names, producer).done()
    const found: string[] = []
    for (let reply = await fetch(node, 0); reply.entries.length > 0; reply = await fetch(node, found.length)) {
      found.push(...texts(reply))
    }
    expect(found).to.deep.equal(range(0, 12).map((at) => `${at} ${at}`))
  })

  it('fetch from any offset, and say where the end is', async () => {
    await append(node, ['a', 'b', 'c']).done()
    const some = await fetch(node, 1, { maxEntries: 1 })
    expect([texts(some), some.firstOffset, some.highWatermark]).to.deep.equal([['1 b'], 1, 3])
    const none = await fetch(node, 9)
    expect([texts(none), none.firstOffset, none.highWatermark]).to.deep.equal([[], 9, 3])
    expect((await fetch(node, 0, { maxEntries: 0 })).highWatermark).to.equal(3)
    expect(await codeOf(node.binary.fetch({ command: 'fetch', topic: 'no', offset: 0, ...READ }))).to.equal(
      'UNKNOWN_TOPIC',
    )
  })

  it('give each entry once at a cursor, whose names have nothing to do with each other', async () => {
    await append(node, ['a', 'b', 'c', 'd']).done()
    const [one, two] = await Promise.all([next(node, 'mine', 2), next(node, 'mine', 1)])
    expect([texts(one), texts(two)]).to.deep.equal([['0 a', '1 b'], ['2 c']])
    expect(texts(await next(node, SHARED_CURSOR, 2))).to.deep.equal(['0 a', '1 b'])
    expect(Buffer.from((await node.get('logs'))!.data).toString()).to.equal('c')
    expect(texts(await next(node, 'mine', 9))).to.deep.equal(['3 d'])
    const end = await next(node, 'mine', 9)
    expect([texts(end), end.firstOffset]).to.deep.equal([[], 4])
  })

  it('give no more bytes at a cursor than are wanted, but one entry at least', async () => {
    await append(node, ['aaaa', 'bbbb', 'cccc']).done()
    expect(texts(await next(node, 'mine', 9, { maxBytes: 8 }))).to.deep.equal(['0 aaaa', '1 bbbb'])
    expect(texts(await next(node, 'mine', 9, { maxBytes: 1 }))).to.deep.equal(['2 cccc'])
  })

  it('move a cursor: a commit never back, a seek anywhere up to the end, both kept over a restart', async () => {
    await append(node, ['a', 'b', 'c', 'd']).done()
    expect(await move(node, 'commit', 3)).to.deep.equal({ offset: 3 })
    expect(await move(node, 'commit', 1)).to.deep.equal({ offset: 3 })
    expect(await codeOf(move(node, 'seek', 5))).to.equal('INVALID_ARGUMENT')
    expect(texts(await next(node, 'mine', 9))).to.deep.equal(['3 d'])
    expect(await move(node, 'seek', 1)).to.deep.equal({ offset: 1 })
    harness.kill()
    node = await harness.start()
    expect(await move(node, 'commit', 0)).to.deep.equal({ offset: 1 })
    expect(texts(await next(node, 'mine', 1))).to.deep.equal(['1 b'])
  })

  it('move a cursor behind what is being taken at it', async () => {
    await append(node, ['a', 'b', 'c', 'd']).done()
    const [taken, moved] = await Promise.all([next(node, 'mine', 2), move(node, 'seek', 0)])
    expect([texts(taken), moved.offset]).to.deep.equal([['0 a', '1 b'], 0])
    expect(texts(await next(node, 'mine', 1))).to.deep.equal(['0 a'])
  })

  it('have no more cursors than a topic may', async () => {
    await append(node, ['a']).done()
    for (const at of range(0, 1024)) await next(node, `cursor-${at}`, 1)
    expect(await codeOf(next(node, 'one-more', 1))).to.equal('UNAVAILABLE')
    expect(await codeOf(next(node, 'cursor-7', 1))).to.equal('resolved')
  })

  it('tell whoever waits that an entry is there, also over a rollover, and nobody who has stopped', async () => {
    const told: string[] = []
    node.binary.onReadable('logs', 0, () => told.push('first'))
    const stop = node.binary.onReadable('logs', 0, () => told.push('never'))
    stop()
    await turns()
    expect(told).to.deep.equal([])
    await append(node, ['a', 'b', 'c', 'd', 'e']).done()
    await turns()
    expect(told).to.deep.equal(['first'])
    node.binary.onReadable('logs', 5, () => told.push('second'))
    await append(node, ['f']).done()
    await turns()
    harness.clock.advance(100)
    expect(told).to.deep.equal(['first', 'second'])
    node.binary.onReadable('gone', 0, () => told.push('gone'))
    harness.clock.advance(1)
    expect(told.at(-1)).to.equal('gone')
  })

  it('list and describe topics, page after page', async () => {
    for (const name of ['b', 'a', 'c']) {
      expect(await node.binary.admin['topic.create']({ topic: name })).to.deep.equal({ created: true })
    }
    expect(await node.binary.admin['topic.create']({ topic: 'a' })).to.deep.equal({ created: false })
    const page = await node.binary.admin['topic.list']({ after: 'a', limit: 2 })
    expect([page.topics.map(({ topic }) => topic), page.more]).to.deep.equal([['b', 'c'], true])
    for (const at of range(0, 11)) await append(node, [`${at}`]).done()
    await next(node, 'mine', 3)
    const described = await node.binary.admin['topic.describe']({ topic: 'logs', fromSegment: 2, limit: 1 })
    expect(described).to.include({ firstOffset: 0, highWatermark: 11, segmentCount: 3, more: true })
    expect(described.segments.map(({ id, entryCount, state }) => [id, entryCount, state])).to.deep.equal([
      [2, 5, 'sealed'],
    ])
    expect(described.cursors).to.deep.equal([{ cursor: 'mine', offset: 3 }])
  })

  it('configure, roll and delete', async () => {
    const { config } = await node.binary.admin['topic.configure']({ topic: 'logs', config: { retentionMs: 7 } })
    expect(config.retentionMs).to.equal(7)
    await append(node, ['a']).done()
    expect(await node.binary.admin['topic.roll']({ topic: 'logs' })).to.deep.equal({ segment: 2, leader: 1 })
    expect(await node.binary.admin['topic.delete']({ topic: 'logs' })).to.deep.equal({ topic: 'logs' })
    expect(() => append(node, ['b'])).to.throw(WalrusError, 'unknown topic')
    const status = await node.binary.admin['cluster.status']({})
    expect(status.nodes.map(({ id, live, ready }) => [id, live, ready])).to.deep.equal([[1, true, true]])
  })

  it('fail what waits when the node is closed', async () => {
    harness.metadata.close = () => Promise.resolve()
    const ticket = append(node, ['a'], { id: 3, sequence: 0 })
    await node.close()
    await ticket.done().catch(() => undefined)
    expect(ticket.state).to.not.equal('pending')
    expect(await codeOf(next(node, 'mine', 1))).to.equal('STORAGE_CLOSED')
  })
})

describe('binary commands on three nodes', () => {
  let harness: ClusterHarness
  let nodes: ClusterNode[]

  beforeEach(async () => {
    harness = new ClusterHarness([1, 2, 3], { topicConfig: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: 10 } })
    nodes = await harness.start()
    await harness.until(nodes[0]!.register('logs'))
    await harness.advance(50)
  })

  afterEach(() => harness.close())

  it('append through any node, each batch whole, and read it through any other', async () => {
    const tickets = range(0, 30).map((at) => append(nodes[at % 3]!, [`${at}a`, `${at}b`, `${at}c`, `${at}d`]))
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
    for (const node of nodes) {
      const found: string[] = []
      while (found.length < 120) found.push(...texts(await harness.until(fetch(node, found.length))))
      const names = found.map((line) => line.split(' ')[1]!)
      expect(new Set(names).size).to.equal(120)
      for (const at of range(0, 30)) {
        const place = names.indexOf(`${at}a`)
        expect(names.slice(place, place + 4)).to.deep.equal(['a', 'b', 'c', 'd'].map((part) => `${at}${part}`))
      }
    }
  })

  it('store what a producer sends again through another node once', async () => {
    const producer = { id: 77, sequence: 0 }
    for (const node of nodes) await harness.until(append(node, ['a', 'b'], producer).done())
    expect(texts(await harness.until(fetch(nodes[1]!, 0)))).to.deep.equal(['0 a', '1 b'])
  })

  it('share a cursor, and say where the end is, through any node', async () => {
    await harness.until(append(nodes[0]!, ['a', 'b', 'c', 'd', 'e', 'f']).done())
    const replies: EntriesReply[] = []
    for (const node of nodes) replies.push(await harness.until(next(node, 'mine', 2)))
    expect(replies.flatMap(texts)).to.deep.equal(['0 a', '1 b', '2 c', '3 d', '4 e', '5 f'])
    for (const node of nodes) {
      expect(await harness.until(move(node, 'commit', 0))).to.deep.equal({ offset: 6 })
      expect((await harness.until(fetch(node, 0, { maxEntries: 0 }))).highWatermark).to.equal(6)
    }
    expect(await harness.until(move(nodes[2]!, 'seek', 4))).to.deep.equal({ offset: 4 })
    expect(texts(await harness.until(next(nodes[1]!, 'mine', 9)))).to.deep.equal(['4 e', '5 f'])
  })

  it('go on when the leader has changed', async () => {
    await harness.until(append(nodes[0]!, ['a', 'b', 'c']).done())
    await harness.until(next(nodes[1]!, 'mine', 1))
    for (const node of nodes) {
      await harness.until(node.binary.admin['topic.roll']({ topic: 'logs' }))
      await harness.until(append(node, ['x'], { id: 5, sequence: nodes.indexOf(node) }).done())
    }
    expect(texts(await harness.until(next(nodes[2]!, 'mine', 9)))).to.deep.equal(['1 b', '2 c'])
    expect(texts(await harness.until(fetch(nodes[0]!, 5)))).to.deep.equal(['5 x'])
  })
})
