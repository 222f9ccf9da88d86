import { expect } from 'chai'
import { RawClient } from '@walrus/testing'
import { BrokerFixture } from './testing/broker-fixture.js'

describe('limits', () => {
  let fixture: BrokerFixture

  beforeEach(async () => {
    fixture = await BrokerFixture.create()
  })

  afterEach(() => fixture.dispose())

  it('goes on listening after it ran out of file descriptors', async () => {
    const broker = await fixture.start({ ulimit: '-n 256' })
    const first = await RawClient.connect(broker.port)
    expect(await first.ask('REGISTER logs')).to.equal('OK')
    expect(await first.ask('PUT logs before')).to.equal('OK')
    const crowd = await Promise.all(Array.from({ length: 400 }, () => RawClient.connect(broker.port)))
    expect(await first.ask('PUT logs while it is full')).to.equal('OK')
    await Promise.all(crowd.map((one) => one.destroy()))
    let answer: string | undefined
    while (answer === undefined) {
      const late = await RawClient.connect(broker.port)
      answer = await late.ask('GET logs').catch(() => undefined)
      await late.destroy()
    }
    expect(answer).to.equal('OK before')
    expect(await first.ask('GET logs')).to.equal('OK while it is full')
    await first.destroy()
  })

  it('tells the connection over the limit so, and takes others when there is room again', async () => {
    const broker = await fixture.start({ flags: ['--max-connections', '3'] })
    const crowd = await Promise.all(Array.from({ length: 3 }, () => RawClient.connect(broker.port)))
    await Promise.all(crowd.map((one) => one.ask('METRICS')))
    const extra = await RawClient.connect(broker.port)
    expect(await extra.nextText()).to.equal('ERR too many connections: 3 are open')
    await extra.whenClosed()
    await crowd[0]?.destroy()
    let answer = 'ERR too many'
    while (answer.startsWith('ERR too many')) {
      const late = await RawClient.connect(broker.port)
      answer = await late.ask('METRICS')
      await late.destroy()
    }
    expect(answer).to.match(/^\{/)
    await Promise.all(crowd.map((one) => one.destroy()))
  })

  it('serves a client among 500 idle ones', async () => {
    const broker = await fixture.start()
    const idle = await Promise.all(Array.from({ length: 500 }, () => RawClient.connect(broker.port)))
    const client = await RawClient.connect(broker.port)
    await client.ask('REGISTER logs')
    expect(await client.ask('PUT logs x')).to.equal('OK')
    expect(await client.ask('GET logs')).to.equal('OK x')
    expect(idle.filter((one) => one.closed)).to.be.empty
    await Promise.all([...idle, client].map((one) => one.destroy()))
  })

  it('bounds what a client may have unread, and still gives it everything', async () => {
    const broker = await fixture.start({ flags: ['--max-pending-bytes', '65536'] })
    const client = await RawClient.connect(broker.port)
    await client.ask('REGISTER logs')
    const payload = 'x'.repeat(100_000)
    for (let i = 0; i < 200; i++) client.send(`PUT logs ${i} ${payload}`)
    await client.nextTexts(200)
    client.pause()
    for (let i = 0; i < 200; i++) client.send('GET logs')
    const witness = await RawClient.connect(broker.port)
    for (let i = 0; i < 50; i++) expect(await witness.ask('GET nowhere')).to.equal('ERR unknown topic nowhere')
    client.resume()
    for (let i = 0; i < 200; i++)
      expect((await client.nextText()).slice(0, 10)).to.equal(`OK ${i} ${payload}`.slice(0, 10))
    await Promise.all([client.destroy(), witness.destroy()])
  })
})
