import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from '../cluster-harness.test.js'
import type { ClusterNode } from '../cluster-node.js'
import { bytes, codeOf, text } from '../node-harness.test.js'

describe('administration', () => {
  let harness: ClusterHarness
  let nodes: ClusterNode[]

  const admin = (id: number): ClusterNode['administration'] => harness.node(id).administration

  beforeEach(async () => {
    harness = new ClusterHarness([1, 2, 3, 4], { topicConfig: { ...DEFAULT_TOPIC_CONFIG, replicationFactor: 2 } })
    nodes = await harness.start()
    await harness.until(nodes[0]!.register('logs'))
    await harness.until(nodes[0]!.append('logs', bytes('first')).done())
  })

  afterEach(() => harness.close())

  it('lists topics by name, with who leads them', async () => {
    await harness.until(nodes[1]!.register('alerts'))
    await harness.advance(50)
    const topics = admin(3).listTopics()
    expect(topics.map((topic) => topic.topic)).to.deep.equal(['alerts', 'logs'])
    expect(topics[1]).to.include({ segment: 1, state: 'open', leader: harness.leaderOf('logs'), sealedEntries: 0 })
  })

  it('rolls a topic through any node, and the next leader goes on', async () => {
    const before = harness.leaderOf('logs')
    for (const [at, id] of [1, 2, 3, 4].entries()) {
      expect(await harness.until(admin(id).rollTopic('logs'))).to.equal(at + 2)
    }
    expect(harness.leaderOf('logs')).to.equal(before)
    await harness.until(nodes[2]!.append('logs', bytes('second')).done())
    expect(text((await harness.until(nodes[3]!.get('logs')))?.data)).to.equal('first')
    expect(text((await harness.until(nodes[0]!.get('logs')))?.data)).to.equal('second')
  })

  it('changes a config for all nodes, and leaves what it is not told', async () => {
    const config = await harness.until(admin(2).configureTopic('logs', { segmentEntriesMax: 3 }))
    expect(config).to.deep.equal({ ...DEFAULT_TOPIC_CONFIG, replicationFactor: 2, segmentEntriesMax: 3 })
    await harness.advance(50)
    const tickets = ['b', 'c', 'd'].map((entry) => nodes[0]!.append('logs', bytes(entry)))
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
    expect((await harness.until(nodes[0]!.state('logs'))).sealed_segments).to.deep.equal({ 1: 3 })
  })

  it('deletes a topic with its copies, and one of the same name begins anew', async () => {
    await harness.until(admin(3).deleteTopic('logs'))
    await harness.advance(6000)
    for (const node of nodes) {
      expect(await codeOf(harness.until(node.append('logs', bytes('x')).done()))).to.equal('UNKNOWN_TOPIC')
    }
    for (const storage of harness.storages.values()) expect([...storage.segments()]).to.deep.equal([])
    await harness.until(nodes[1]!.register('logs'))
    await harness.advance(50)
    await harness.until(nodes[0]!.append('logs', bytes('new')).done())
    expect((await harness.until(nodes[2]!.get('logs')))?.offset).to.equal(0)
  })

  it('says that a topic is not rolled, when there is no majority', async () => {
    const leader = harness.leaderOf('logs')
    for (const id of [1, 2, 3, 4].filter((one) => one !== leader)) harness.kill(id)
    await harness.advance(3000)
    expect(await codeOf(harness.until(admin(leader).rollTopic('logs')))).to.equal('TIMED_OUT')
  })

  it('refuses what cannot be, with the reason', async () => {
    expect(await codeOf(admin(1).rollTopic('nothing'))).to.equal('UNKNOWN_TOPIC')
    expect(await codeOf(admin(1).deleteTopic('..'))).to.equal('INVALID_TOPIC')
    expect(await codeOf(admin(1).drainNode(9))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(admin(1).configureTopic('logs', { segmentEntriesMax: 0 }))).to.equal('INVALID_ARGUMENT')
  })

  it('shows each node, and of a dead one what the others know', async () => {
    harness.kill(4)
    await harness.advance(2000)
    const status = await harness.until(admin(2).clusterStatus())
    expect(status).to.include({ node: 2, leader: 1 })
    expect(status.nodes.map((node) => [node.id, node.live, node.role, node.ready])).to.deep.equal([
      [1, true, 'Leader', true],
      [2, true, 'Follower', true],
      [3, true, 'Follower', true],
      [4, false, null, null],
    ])
    expect(status.nodes.reduce((sum, node) => sum + node.segments_led, 0)).to.equal(1)
    expect(status.nodes.every((node) => node.lag === null || node.lag === 0)).to.equal(true)
  })

  it('drains a node: it hands on what it leads, and is given nothing new until it may be again', async () => {
    const leader = harness.leaderOf('logs')
    await harness.until(admin(leader === 1 ? 2 : 1).drainNode(leader))
    await harness.advance(500)
    const leaders = new Set<number>()
    for (let roll = 0; roll < 4; roll += 1) {
      leaders.add(harness.leaderOf('logs'))
      await harness.until(admin(1).rollTopic('logs'))
    }
    expect(leaders.has(leader)).to.equal(false)
    expect(leaders.size).to.equal(3)
    await harness.until(admin(1).drainNode(leader, false))
    for (let roll = 0; roll < 4; roll += 1) {
      await harness.until(admin(1).rollTopic('logs'))
      leaders.add(harness.leaderOf('logs'))
    }
    expect(leaders.has(leader)).to.equal(true)
  })

  it('removes a node that only copies what others write, be it alive or dead', async () => {
    for (const isDead of [false, true]) {
      const state = harness.metadata.stateOf(harness.leaderOf('logs'))
      const { leader, replicas } = state.topics.get('logs')!.segments.at(-1)!
      const follower = replicas.find((id) => id !== leader)!
      if (isDead) harness.kill(follower)
      await harness.until(admin(leader).removeNode(follower, 60_000))
      const { nodes, topics } = harness.metadata.stateOf(leader)
      expect([...nodes.keys()]).not.to.include(follower)
      const segments = topics
        .get('logs')!
        .segments.filter(({ entryCount, state: now }) => entryCount > 0 || now === 'open')
      expect(segments.every((segment) => segment.replicas.length === 2)).to.equal(true)
      expect(await codeOf(harness.until(harness.node(leader).append('logs', bytes('x')).done()))).to.equal('resolved')
    }
  })

  it('removes a node once others keep what it kept', async () => {
    const leader = harness.leaderOf('logs')
    const other = leader === 1 ? 2 : 1
    await harness.until(admin(other).removeNode(leader, 60_000))
    expect([...harness.metadata.stateOf(other).nodes.keys()]).not.to.include(leader)
    await harness.until(admin(other).removeNode(leader, 60_000))
    expect(text((await harness.until(harness.node(other).get('logs')))?.data)).to.equal('first')
  })
})
