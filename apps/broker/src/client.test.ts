import { expect } from 'chai'
import { WalrusClient } from '@walrus/client'
import { BrokerFixture } from './testing/broker-fixture.js'

describe('broker and client library', () => {
  it('speak the same language', async () => {
    const fixture = await BrokerFixture.create()
    const broker = await fixture.start()
    const client = await WalrusClient.connect({ host: '127.0.0.1', port: broker.port })
    await client.register('logs')
    const entries = Array.from({ length: 1000 }, (_, i) => `entry ${i}`)
    await Promise.all(entries.map((entry) => client.put('logs', entry)))
    const read = await Promise.all(entries.map(() => client.get('logs')))
    expect(read.map((entry) => Buffer.from(entry ?? []).toString())).to.deep.equal(entries)
    expect(await client.get('logs')).to.equal(undefined)
    expect(JSON.parse(await client.state('logs'))).to.include({ current_segment: 1 })
    expect(JSON.parse(await client.metrics())).to.include({ state: 'Leader' })
    const failure = await client.put('nowhere', 'x').catch((thrown: unknown) => thrown)
    expect(failure).to.be.an('error').with.property('message').that.contains('unknown topic nowhere')
    await client.close()
    await fixture.dispose()
  })
})
