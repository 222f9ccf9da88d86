import { freePorts, RawClient } from '@walrus/testing'
import { expect } from 'chai'
import { BrokerFixture } from './testing/broker-fixture.js'
import type { BrokerProcess } from './testing/broker-process.js'

const ids = [1, 2, 3] as const

describe('three brokers', function () {
  this.timeout(60_000)
  let fixture: BrokerFixture
  let raftPorts: readonly number[]
  const brokers = new Map<number, BrokerProcess>()
  const clients = new Map<number, RawClient>()

  const start = async (id: number): Promise<void> => {
    const join = id === 1 ? [] : ['--join', `127.0.0.1:${raftPorts[0]}`]
    const flags = ['--node-id', `${id}`, '--raft-port', `${raftPorts[id - 1]}`, '--max-segment-entries', '10', ...join]
    const broker = await fixture.start({ flags })
    brokers.set(id, broker)
    clients.set(id, await RawClient.connect(broker.port))
  }

  const ask = (id: number, request: string): Promise<string> => clients.get(id)!.ask(request)

  /** Asks until the answer is that one; what a node has not heard of yet is no failure. */
  const askUntil = async (id: number, request: string, isRight: (answer: string) => boolean): Promise<string> => {
    for (;;) {
      const answer = await ask(id, request)
      if (isRight(answer)) return answer
    }
  }

  const leaderOf = async (id: number, topic: string): Promise<number> =>
    (JSON.parse(await ask(id, `STATE ${topic}`)) as { readonly leader_node: number }).leader_node

  before(async () => {
    fixture = await BrokerFixture.create()
    raftPorts = await freePorts(ids.length)
    for (const id of ids) await start(id)
    // A node may write once it hears a majority, and is a voter once it has caught up.
    await askUntil(1, 'METRICS', (answer) => voterCountIn(answer) === 3)
    expect(await ask(1, 'REGISTER logs')).to.equal('OK')
  })

  after(async () => {
    await fixture.dispose()
  })

  it('store what any of them is sent, seal at exactly ten, and deliver it once', async () => {
    for (let at = 0; at < 60; at += 1) expect(await ask(1 + (at % 3), `PUT logs ${at}`)).to.equal('OK')
    for (let at = 0; at < 60; at += 1) expect(await ask(1 + ((at + 1) % 3), 'GET logs')).to.equal(`OK ${at}`)
    expect(await ask(2, 'GET logs')).to.equal('EMPTY')
    const sealed = await askUntil(3, 'STATE logs', (answer) => answer.includes('"6":10'))
    expect(new Set(Object.values(segmentLeadersIn(sealed)))).to.deep.equal(new Set(ids))
  })

  it('go on when the leader is killed: clients elsewhere wait, and lose nothing', async () => {
    const leader = await leaderOf(1, 'logs')
    const [other = 0, third = 0] = ids.filter((id) => id !== leader)
    await brokers.get(leader)?.stop('SIGKILL')
    for (let at = 0; at < 15; at += 1) expect(await ask(at % 2 === 0 ? other : third, `PUT logs k${at}`)).to.equal('OK')
    for (let at = 0; at < 15; at += 1) expect(await ask(other, 'GET logs')).to.equal(`OK k${at}`)
    await start(leader)
    expect(await askUntil(leader, 'PUT logs back', (answer) => answer === 'OK')).to.equal('OK')
    expect(await ask(third, 'GET logs')).to.equal('OK back')
  })

  it('hand on what they lead before they stop, and exit 0', async () => {
    const leader = await leaderOf(1, 'logs')
    const [other = 0] = ids.filter((id) => id !== leader)
    const exit = brokers.get(leader)?.stop('SIGTERM')
    for (let at = 0; at < 25; at += 1) expect(await ask(other, `PUT logs t${at}`)).to.equal('OK')
    expect(await exit).to.include({ code: 0 })
    for (let at = 0; at < 25; at += 1) expect(await ask(other, 'GET logs')).to.equal(`OK t${at}`)
  })
})

function voterCountIn(metrics: string): number {
  const { membership_config: config } = JSON.parse(metrics) as {
    readonly membership_config: { readonly membership: { readonly configs: readonly (readonly number[])[] } }
  }
  return config.membership.configs[0]?.length ?? 0
}

function segmentLeadersIn(state: string): Readonly<Record<string, number>> {
  return (JSON.parse(state) as { readonly segment_leaders: Readonly<Record<string, number>> }).segment_leaders
}
