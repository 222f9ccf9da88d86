import { expect } from 'chai'
import { RawClient } from '@walrus/testing'
import { ClusterFixture } from './testing/cluster-fixture.test.js'

/** Topics that a test registers at each node and round. `BROKER_CLUSTER_SCALE=20` makes it so many times as many. */
const TOPICS = 60 * Number(process.env['BROKER_CLUSTER_SCALE'] ?? 1)

describe('a cluster of broker processes', function () {
  this.timeout(60_000 + 500 * TOPICS)
  let cluster: ClusterFixture
  let other: ClusterFixture

  beforeEach(async () => {
    cluster = await ClusterFixture.create()
    other = await ClusterFixture.create()
  })
  afterEach(() => Promise.all([cluster.dispose(), other.dispose()]))

  it('is joined through any member, and shows itself the same at each', async () => {
    await cluster.startAll([7])
    await cluster.start(2, ['--join', await cluster.raftAddress(7)])
    await cluster.start(5, ['--join', `127.0.0.1:1,${await cluster.raftAddress(2)}`])
    const leader = await cluster.leader()
    for (const id of cluster.ids) {
      const metrics = await cluster.whenMetrics(id, ({ current_leader }) => current_leader === leader)
      expect(metrics.state).to.equal(id === leader ? 'Leader' : 'Follower')
      expect([...(metrics.membership_config.membership.configs[0] ?? [])].sort()).to.deep.equal([2, 5, 7])
    }
    expect(await cluster.ask(5, 'REGISTER logs')).to.equal('OK')
    const index = (await cluster.metrics(5)).last_log_index
    await cluster.whenMetrics(2, ({ last_applied }) => (last_applied?.index ?? 0) >= index)
    expect(JSON.parse(await cluster.ask(2, 'STATE logs'))).to.have.property('current_segment', 1)
  })

  it('refuses a taken id and a member of another cluster, with one line and exit code 3', async () => {
    await cluster.startAll([1, 2])
    const join = ['--join', await cluster.raftAddress(2)]
    const twin = await other.spawn(1, join)
    expect(await twin.exited).to.deep.equal({ code: 3, signal: null })
    expect(twin.stderr).to.match(
      /^walrus-broker: Cannot take node 1 into the cluster: the id belongs to another node, at [^\n]+\n$/,
    )
    await other.start(3)
    await other.stop(3, 'SIGTERM')
    const foreigner = await other.spawn(3, join)
    expect(await foreigner.exited).to.deep.equal({ code: 3, signal: null })
    expect(foreigner.stderr).to.match(/walrus-broker: Cannot ask "[^"]+": [^\n]*this node is of cluster [^\n]+\n$/)
  })

  it('is waited for, with a line in the log, and a signal ends that', async () => {
    const lonely = await cluster.spawn(1, ['--join', '127.0.0.1:1'])
    await lonely.whenLogged('Cannot join yet, and tries again')
    expect(await lonely.stop('SIGTERM')).to.deep.equal({ code: 0, signal: null })
    expect(lonely.stdout).to.equal('')
  })

  it('knows every topic that was acknowledged, at every node, while leader and follower are killed, twice', async () => {
    await cluster.startAll([1, 2, 3], ['--log-level', 'silent'])
    const acknowledged: string[] = []
    for (const [round, victimOf] of (['leader', 'follower', 'leader', 'follower'] as const).entries()) {
      const leader = await cluster.leader()
      const victim = victimOf === 'leader' ? leader : (cluster.ids.find((id) => id !== leader) ?? 0)
      const registering = cluster.ids.map((id) => register(id, `r${round}-n${id}`))
      await cluster.ask(victim, 'METRICS')
      await cluster.stop(victim, 'SIGKILL')
      for (const names of await Promise.all(registering)) acknowledged.push(...names)
      await cluster.start(victim, ['--log-level', 'silent'])
    }
    expect(acknowledged).to.have.length.at.least(8 * TOPICS)
    await expectKnown(acknowledged)
    const { ids } = cluster
    await Promise.all(ids.map((id) => cluster.stop(id, 'SIGKILL')))
    await Promise.all(ids.map((id) => cluster.start(id, ['--log-level', 'silent'])))
    await expectKnown(acknowledged)
  })

  /** Registers topics at a node, all at once; resolves with those that were acknowledged before it ended. */
  async function register(id: number, name: string): Promise<readonly string[]> {
    const client = await RawClient.connect(cluster.node(id).port)
    const names = Array.from({ length: TOPICS }, (_, at) => `${name}-${at}`)
    for (const topic of names) client.send(`REGISTER ${topic}`)
    const acknowledged: string[] = []
    for (const topic of names) {
      const answer = await client.nextText().catch(() => undefined)
      if (answer === undefined) break
      if (answer === 'OK') acknowledged.push(topic)
    }
    await client.destroy()
    return acknowledged
  }

  async function expectKnown(topics: readonly string[]): Promise<void> {
    for (const id of cluster.ids) {
      const client = await RawClient.connect(cluster.node(id).port)
      for (const topic of topics) client.send(`STATE ${topic}`)
      const answers = await client.nextTexts(topics.length)
      expect(answers.filter((answer) => !answer.startsWith('{'))).to.deep.equal([])
      await client.destroy()
    }
  }
})
