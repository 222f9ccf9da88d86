import type { ProposalFate } from '@walrus/testing'
import { expect } from 'chai'
import type { ClusterNode } from './cluster-node.js'
import { bytes, codeOf, getAll, Latch, NodeHarness, turns } from './node-harness.test.js'

describe('register', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(() => (harness = new NodeHarness()))
  afterEach(() => node.close())

  const created = (): number => harness.metadataDisk.commands.filter((one) => one.kind === 'CreateTopic').length

  it('creates a topic once, however often it is asked', async () => {
    node = await harness.start()
    await Promise.all([node.register('logs'), node.register('logs')])
    await node.register('logs')
    expect(created()).to.equal(1)
    expect(harness.metadata.state.topics.get('logs')?.segments[0]).to.include({ id: 1, leader: 1, state: 'open' })
  })

  it('creates with the config that it was given', async () => {
    const { DEFAULT_TOPIC_CONFIG } = await import('@walrus/core')
    node = await harness.start({ topicConfig: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: 2 } })
    await node.register('logs')
    await Promise.all(['a', 'b', 'c'].map((name) => node.append('logs', bytes(name)).done()))
    expect(harness.sealedCounts('logs')).to.deep.equal([2])
  })

  it('lets what is asked of the topic wait until it is there', async () => {
    const decision = new Latch<ProposalFate>()
    harness.metadataOptions = { fate: (command) => (command.kind === 'CreateTopic' ? decision.promise : 'decided') }
    node = await harness.start()
    const registered = node.register('logs')
    const ticket = node.append('logs', bytes('early'))
    const entry = node.get('logs')
    const state = node.state('logs')
    await turns()
    expect(ticket.state).to.equal('pending')
    decision.open('decided')
    await registered
    expect((await entry)?.offset).to.equal(0)
    expect((await state).current_segment).to.equal(1)
    expect(ticket.state).to.equal('committed')
  })

  it('refuses a name that is none, and says why', async () => {
    node = await harness.start()
    expect(await codeOf(node.register('a b'))).to.equal('INVALID_TOPIC')
    const reason = await node.register('..').catch((error: Error) => error.message)
    expect(reason).to.equal('invalid topic: "..": the name is reserved')
    expect(created()).to.equal(0)
  })

  it('asks again while the outcome is not known, and finds that it was done', async () => {
    const fates: ProposalFate[] = ['lost', 'applied-unknown']
    harness.metadataOptions = {
      fate: (command) => (command.kind === 'CreateTopic' ? (fates.shift() ?? 'decided') : 'decided'),
    }
    node = await harness.start()
    const registered = node.register('logs')
    await turns()
    harness.clock.advance(50)
    await registered
    expect(created()).to.equal(1)
    await node.append('logs', bytes('a')).done()
    expect(await getAll(node, 'logs')).to.deep.equal(['a'])
  })

  it('times out when the outcome stays unknown, with all that waits for the topic', async () => {
    harness.metadataOptions = { fate: (command) => (command.kind === 'CreateTopic' ? 'lost' : 'decided') }
    node = await harness.start()
    const registered = codeOf(node.register('logs'))
    const held = codeOf(node.append('logs', bytes('a')).done())
    for (let pause = 0; pause < 20; pause += 1) {
      await turns(3)
      harness.clock.advance(500)
    }
    expect([await registered, await held]).to.deep.equal(['TIMED_OUT', 'TIMED_OUT'])
    expect(() => node.append('logs', bytes('b'))).to.throw('unknown topic logs')
  })

  it('opens a topic that somebody else created', async () => {
    node = await harness.start()
    const { DEFAULT_TOPIC_CONFIG: config } = await import('@walrus/core')
    await harness.metadata.propose({ kind: 'CreateTopic', topic: 'theirs', config, leader: 1, replicas: [1] })
    await node.append('theirs', bytes('a')).done()
    expect(await getAll(node, 'theirs')).to.deep.equal(['a'])
  })

  it('says who leads a topic when that node cannot be asked in time', async () => {
    const { DEFAULT_TOPIC_CONFIG: config } = await import('@walrus/core')
    node = await harness.start({ limits: { leaseMs: 1e6, silenceMs: 2e6, replaceDeadAfterMs: 3e6 } })
    await harness.metadata.propose({
      kind: 'UpsertNode',
      node: { id: 2, address: '127.0.0.1:6002', role: 'learner', draining: false },
    })
    await harness.metadata.propose({ kind: 'CreateTopic', topic: 'theirs', config, leader: 2, replicas: [2] })
    const ticket = node.append('theirs', bytes('a'))
    const got = codeOf(node.get('theirs'))
    for (let step = 0; step < 60; step += 1) {
      harness.clock.advance(100)
      await turns(2)
    }
    expect(ticket.error?.message).to.equal(
      'timed out: append to "theirs" had no answer: whether the entry was stored is not known',
    )
    expect(await got).to.equal('TIMED_OUT')
    expect(harness.storage.segment({ topic: 'theirs', segment: 1 })).to.equal(undefined)
  })

  it('forgets a topic that was deleted', async () => {
    node = await harness.start()
    await node.register('logs')
    const epoch = harness.metadata.state.topics.get('logs')?.segments[0]?.epoch ?? 0
    await harness.metadata.propose({ kind: 'DeleteTopic', topic: 'logs', epoch })
    expect(() => node.append('logs', bytes('a'))).to.throw('unknown topic logs')
  })

  it('accepts nothing once the node is closed', async () => {
    node = await harness.start()
    await node.register('logs')
    await node.close()
    await node.close()
    expect(harness.clock.timerCount).to.equal(0)
    expect(() => node.append('logs', bytes('a'))).to.throw('Cannot use this node: it is closed')
    expect(await codeOf(node.get('logs'))).to.equal('STORAGE_CLOSED')
    expect(await codeOf(node.register('other'))).to.equal('STORAGE_CLOSED')
  })
})
