import { DEFAULT_TOPIC_CONFIG, type WalrusError } from '@walrus/core'
import { freePorts } from '@walrus/testing'
import { expect } from 'chai'
import { failureOf, TestCluster, type TestNode } from './test-cluster.test.js'

describe('membership', function () {
  this.timeout(30_000)
  let cluster: TestCluster

  beforeEach(() => {
    cluster = new TestCluster()
  })
  afterEach(() => cluster.close())

  async function three(): Promise<readonly [TestNode, TestNode, TestNode]> {
    const one = await cluster.start(1)
    const two = await cluster.start(2, { join: [one.address] })
    return [one, two, await cluster.start(3, { join: [two.address] })]
  }

  function votersOf({ log }: TestNode): readonly (readonly number[])[] {
    return log.status().voterConfigurations
  }

  it('begins with any node, whatever its id', async () => {
    const node = await cluster.start(8_589_934_592)
    expect(votersOf(node)).to.deep.equal([[8_589_934_592]])
    expect([...node.log.state.nodes.values()]).to.deep.equal([
      { id: node.id, address: node.address, identity: node.identity, role: 'voter', draining: false },
    ])
  })

  it('takes nodes in through any member, as voters that have everything', async () => {
    const nodes = await three()
    for (const { log } of nodes) {
      await log.node.readIndex()
      expect(log.status().voterConfigurations).to.deep.equal([[1, 2, 3]])
      expect([...log.state.nodes.values()].map(({ id, role, address }) => [id, role, address])).to.deep.equal(
        nodes.map(({ id, address }) => [id, 'voter', address]),
      )
    }
  })

  it('is found again by a member that was away while the node joined that leads now', async () => {
    const [one, two, third] = await three()
    await third.stop()
    const four = await cluster.start(4, { join: [one.address] })
    for (const { log } of [one, two]) await log.node.readIndex()
    for (let tries = 0; four.log.status().role !== 'Leader' && tries < 20; tries++) {
      const leader = [one, two].find(({ log }) => log.status().role === 'Leader')
      await leader?.log.node.transferLeadership(4).catch(() => undefined)
    }
    expect(four.log.status().role).to.equal('Leader')
    const back = await cluster.start(3, { join: [one.address], port: third.port })
    expect([...back.log.state.nodes.keys()].sort()).to.deep.equal([1, 2, 3, 4])
  })

  it('takes in many at once', async () => {
    const one = await cluster.start(1)
    await Promise.all([2, 3, 4, 5].map((id) => cluster.start(id, { join: [one.address] })))
    await one.log.node.readIndex()
    expect(votersOf(one).map((voters) => [...voters].sort())).to.deep.equal([[1, 2, 3, 4, 5]])
  })

  it('lets a node join that is told of itself and of nobody who is there, too', async () => {
    const one = await cluster.start(1)
    const [port = 0] = await freePorts(1)
    const gone = `127.0.0.1:${(await freePorts(1))[0]}`
    const two = await cluster.start(2, { port, join: [`127.0.0.1:${port}`, gone, one.address] })
    expect(votersOf(two)).to.deep.equal([[1, 2]])
    expect(two.reports.join('\n')).to.contain('Cannot join yet')
  })

  it('waits for a member that is not there yet, and says so', async () => {
    const [port = 0] = await freePorts(1)
    const joining = cluster.start(2, { join: [`127.0.0.1:${port}`] })
    await cluster.whenReported(2, 'Cannot join yet')
    const one = await cluster.start(1, { port })
    await joining
    expect(votersOf(one)).to.deep.equal([[1, 2]])
  })

  it('gives up waiting when the node is to stop', async () => {
    const joining = failureOf(cluster.start(2, { join: [`127.0.0.1:${(await freePorts(1))[0]}`] }))
    await cluster.whenReported(2, 'Cannot join yet')
    cluster.stopSignal(2).abort()
    expect((await joining).message).to.equal('Cannot wait any longer: the node stops')
  })

  it('does no harm when a member says again that it joins, at another address or not', async () => {
    const [one, two] = await three()
    await two.stop()
    const moved = await cluster.start(2, { join: [one.address] })
    expect(moved.address).to.not.equal(two.address)
    expect(moved.identity).to.equal(two.identity)
    await one.log.node.readIndex()
    expect(one.log.state.nodes.get(2)?.address).to.equal(moved.address)
    expect(votersOf(one)).to.deep.equal([[1, 2, 3]])
  })

  it('comes back with everything after all were stopped', async () => {
    const nodes = await three()
    await nodes[0].log.propose(topic('logs', 1))
    for (const node of nodes) await node.stop()
    const again = await Promise.all(nodes.map(({ id, port }) => cluster.start(id, { port })))
    for (const { log } of again) expect([...log.state.topics.keys()]).to.deep.equal(['logs'])
  })

  it('refuses a taken id and a taken address', async () => {
    const [one, two] = await three()
    const taken = await failureOf(cluster.start(2, { disk: 'another', join: [one.address] }))
    expect([taken.code, taken.message]).to.deep.equal([
      'NODE_REFUSED',
      `Cannot take node 2 into the cluster: the id belongs to another node, at ${two.address}`,
    ])
    const same = await failureOf(cluster.start(1, { disk: 'another', join: [one.address] }))
    expect(same.code, 'the id of the one that is asked').to.equal('NODE_REFUSED')
    const place = await failureOf(cluster.start(9, { join: [one.address], advertise: two.address }))
    expect(place.message).to.equal(`Cannot take node 9 into the cluster: its address ${two.address} is that of node 2`)
  })

  it('refuses a member of one cluster that is to join another', async () => {
    const one = await cluster.start(1)
    const foreign = await cluster.start(5)
    const six = await cluster.start(6, { join: [foreign.address] })
    await foreign.stop()
    await six.stop()
    const founder = await cluster.start(7)
    await founder.stop()
    for (const id of [6, 7]) {
      const refused = await failureOf(cluster.start(id, { join: [one.address] }))
      expect(refused.code).to.equal('NODE_REFUSED')
      expect(refused.message).to.match(/Cannot ask "127.0.0.1:\d+": .*this node is of cluster/)
    }
  })

  it('removes a node that is down, and refuses it when it is back', async () => {
    const [one, two, third] = await three()
    await third.stop()
    await two.membership.removeNode(3, 20_000)
    expect(votersOf(one)).to.deep.equal([[1, 2]])
    await two.log.node.readIndex()
    expect([...two.log.state.removedNodes.keys()]).to.deep.equal([3])
    await two.membership.removeNode(3, 20_000)
    const back = await failureOf(cluster.start(3))
    expect([back.code, back.message]).to.deep.equal([
      'NODE_REFUSED',
      'Cannot take node 3 into the cluster: it was removed, and an id is used once: join with another one',
    ])
    const replaced = await failureOf(cluster.start(3, { disk: 'another', join: [one.address] }))
    expect(replaced.code).to.equal('NODE_REFUSED')
  })

  it('removes the leader, on its own word too, and the others go on', async () => {
    const nodes = await three()
    const leader = nodes.find(({ log }) => log.status().role === 'Leader')
    await leader?.membership.removeNode(leader.id, 20_000)
    const others = nodes.filter((node) => node !== leader)
    const [other] = others
    expect((await other?.log.propose(topic('after', other.id)))?.outcome).to.equal('applied')
    expect(votersOf(other as TestNode)).to.deep.equal([others.map(({ id }) => id)])
    expect((await (leader as TestNode).refused).code).to.equal('NODE_REFUSED')
  })

  it('finishes a removal that somebody has begun', async () => {
    const nodes = await three()
    const leader = nodes.find(({ log }) => log.status().role === 'Leader') as TestNode
    const leaving = nodes.find((node) => node !== leader) as TestNode
    await leader.log.propose({ kind: 'RemoveNode', id: leaving.id })
    expect((await leaving.refused).code).to.equal('NODE_REFUSED')
    expect(votersOf(leader)).to.deep.equal([nodes.map(({ id }) => id).filter((id) => id !== leaving.id)])
  })

  it('lets a running node know that it was removed', async () => {
    const nodes = await three()
    const follower = nodes.find(({ log }) => log.status().role !== 'Leader') as TestNode
    const another = nodes.find((node) => node !== follower) as TestNode
    await another.membership.removeNode(follower.id, 20_000)
    expect((await follower.refused).message).to.contain('it was removed')
  })

  it('does not remove a node that holds replicas, the only voter, or one that nobody knows', async () => {
    const one = await cluster.start(1)
    expect(await codeOf(one.membership.removeNode(1, 5_000))).to.equal('NODE_IN_USE')
    const two = await cluster.start(2, { join: [one.address] })
    await two.log.propose(topic('logs', 2))
    expect(await codeOf(one.membership.removeNode(2, 5_000))).to.equal('NODE_IN_USE')
    expect(await codeOf(two.membership.removeNode(9, 5_000))).to.equal('INVALID_ARGUMENT')
    expect(one.log.state.nodes.get(2)?.draining).to.equal(false)
  })

  it('says that it does not know when there is no majority to remove a node', async () => {
    const [one, two, third] = await three()
    await Promise.all([two.stop(), third.stop()])
    expect(await codeOf(one.membership.removeNode(3, 1_000))).to.equal('TIMED_OUT')
  })

  it('tells the cluster where clients are served', async () => {
    const [one, two] = await three()
    await two.membership.announceClients('127.0.0.1:9092')
    await one.log.node.readIndex()
    expect(one.log.state.nodes.get(2)?.clientAddress).to.equal('127.0.0.1:9092')
    expect(one.log.state.nodes.get(1)).to.not.have.property('clientAddress')
  })
})

async function codeOf(call: Promise<unknown>): Promise<WalrusError['code'] | 'resolved'> {
  return (await failureOf(call)).code
}

function topic(name: string, leader: number) {
  return { kind: 'CreateTopic', topic: name, config: DEFAULT_TOPIC_CONFIG, leader, replicas: [leader] } as const
}
