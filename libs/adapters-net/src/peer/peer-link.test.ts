import { createServer, type LookupFunction, type Server } from 'node:net'
import { once } from 'node:events'
import { FaultyLink, ManualClock, markedHeartbeat } from '@walrus/testing'
import { expect } from 'chai'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'
import { enter, readFrame, sendFrame } from './raw-frame.test.js'

describe('links to peers', () => {
  const harness = new PeerHarness()
  let link: FaultyLink | undefined

  beforeEach(() => {
    link = undefined
  })
  afterEach(async () => {
    await harness.closeAll()
    await link?.close()
  })

  function countOf({ events }: TestPeer, kind: string): number {
    return events.filter((one) => one.kind === kind).length
  }

  async function exchange(from: TestPeer, to: TestPeer): Promise<void> {
    const before = to.messages.length
    await until(
      () => to.messages.length > before,
      () => from.network.send(markedHeartbeat(from.nodeId, to.nodeId, 1)),
    )
  }

  it('are dialled by themselves, one for messages, and kept', async () => {
    const one = await harness.open(1)
    const two = await harness.open(2)
    point(one, two)
    expect(await event(one, 'peer-connected')).to.include({ nodeId: 2, purpose: 'raft', address: two.network.address })
    for (let i = 0; i < 3; i++) await exchange(one, two)
    expect(countOf(two, 'connection-opened')).to.equal(1)
  })

  it('are dialled again after waits that double, by the given chance', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const timings = { backoffMinMs: 100, backoffMaxMs: 350 }
    const one = await harness.open(1, { clock, timings, random: () => 0.5 })
    const port = await closedPort()
    one.network.setAddresses(new Map([[2, `127.0.0.1:${port}`]]))
    for (const [attempt, waitMs] of [
      [1, 75],
      [2, 150],
      [3, 262.5],
      [4, 262.5],
    ] as const) {
      const failed = await event(one, 'dial-failed', (dial) => dial.attempt === attempt)
      expect(failed).to.include({ nodeId: 2, purpose: 'raft' })
      expect(failed.reason).to.contain('ECONNREFUSED')
      await until(() => one.unreachable.length >= attempt)
      clock.advance(waitMs - 1)
      await turns(5)
      expect(countOf(one, 'dial-failed')).to.equal(attempt)
      clock.advance(1)
    }
  })

  it('look the host up at every attempt, so that a name may come to mean another place', async () => {
    const two = await harness.open(2)
    const port = two.network.address.split(':')[1]
    const asked: string[] = []
    const lookup = lookupOf((host) => {
      asked.push(host)
      return asked.length < 3 ? '127.0.0.2' : '127.0.0.1'
    })
    const one = await harness.open(1, { lookup })
    one.network.setAddresses(new Map([[2, `walrus-2.test:${port}`]]))
    await exchange(one, two)
    expect(asked).to.deep.equal(['walrus-2.test', 'walrus-2.test', 'walrus-2.test'])
    expect(countOf(one, 'dial-failed')).to.equal(2)
  })

  it('do not wait for a name that is never found, nor do the others', async () => {
    const two = await harness.open(2)
    const lookup: LookupFunction = () => undefined
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { lookup, clock })
    one.network.setAddresses(
      new Map([
        [2, two.network.address],
        [3, 'nowhere.test:1'],
      ]),
    )
    await exchange(one, two)
    clock.advance(3000)
    expect(await event(one, 'dial-failed')).to.include({ nodeId: 3, reason: 'no handshake within 3000 ms' })
    expect(one.unreachable).to.deep.equal([3])
  })

  it('fail with a reason where there is no address', async () => {
    const one = await harness.open(1)
    one.network.setAddresses(new Map([[2, 'somewhere']]))
    expect(await event(one, 'dial-failed')).to.include({ address: 'somewhere', reason: 'the address is not host:port' })
  })

  it('give up on a listener that says nothing', async () => {
    const mute = await listenMutely()
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { clock })
    one.network.setAddresses(new Map([[2, mute.address]]))
    await mute.called
    clock.advance(3000)
    expect(await event(one, 'dial-failed')).to.include({ reason: 'no handshake within 3000 ms' })
    await harness.closeAll()
    mute.server.close()
  })

  it('stay while nothing is said but signs of life', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { clock })
    const two = await harness.open(2, { clock })
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    await exchange(one, two)
    for (let second = 0; second < 20; second++) {
      const answeredBytes = link.passedBytes('backward')
      clock.advance(1000)
      await until(() => (link?.passedBytes('backward') ?? 0) > answeredBytes)
      await turns(3)
    }
    expect([...one.events, ...two.events].map(({ kind }) => kind)).not.to.include('peer-disconnected')
    expect(countOf(two, 'connection-closed')).to.equal(0)
  })

  it('are cut on both sides when nothing comes any more, and dialled again', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { clock })
    const two = await harness.open(2, { clock })
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    await exchange(one, two)
    link.block('forward')
    link.block('backward')
    for (let second = 0; second < 6; second++) clock.advance(1000)
    expect(await event(one, 'peer-disconnected')).to.include({ nodeId: 2, reason: 'nothing heard for 5000 ms' })
    expect(await event(two, 'connection-closed')).to.include({ nodeId: 1, reason: 'nothing heard for 5000 ms' })
    await until(() => one.unreachable.includes(2))
    link.heal()
    await until(
      () => countOf(one, 'peer-connected') === 2,
      () => clock.advance(10),
    )
    await exchange(one, two)
  })

  it('that hear nothing in one direction are cut as well', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { clock })
    const two = await harness.open(2)
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    await exchange(one, two)
    link.block('backward')
    for (let second = 0; second < 6; second++) clock.advance(1000)
    expect(await event(one, 'peer-disconnected')).to.include({ reason: 'nothing heard for 5000 ms' })
  })

  it('do not blame a peer for a time in which this node was busy', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const two = await harness.open(2, { clock })
    const client = await enter(two.network.address, 'raft')
    // As in a turn of its own, timers come before input: the ping has arrived, and was not read yet.
    await new Promise((resolve) => setTimeout(resolve, 0))
    sendFrame(client, { kind: 'ping', sequence: 4 })
    clock.advance(60_000)
    expect(await readFrame(client)).to.deep.equal({ kind: 'pong', sequence: 4 })
    await client.destroy()
  })

  it('go to a new address at once, and leave the old one', async () => {
    const clock = new ManualClock()
    const one = await harness.open(1, { clock, timings: { backoffMinMs: 60_000, backoffMaxMs: 60_000 } })
    const two = await harness.open(2)
    point(one, two)
    await exchange(one, two)
    link = await FaultyLink.open(two.network.address)
    const { address } = link
    point(one, two, address)
    expect(await event(one, 'peer-disconnected')).to.include({ reason: `its address is ${address} now` })
    await until(
      () => countOf(one, 'peer-connected') === 2,
      () => clock.advance(0),
    )
    expect(one.events.at(-1)).to.include({ kind: 'peer-connected', address })
    await exchange(one, two)
  })

  it('are dialled at once when the peer shows that it is back', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const one = await harness.open(1, { clock, timings: { backoffMinMs: 60_000, backoffMaxMs: 60_000 } })
    const port = await closedPort()
    one.network.setAddresses(new Map([[2, `127.0.0.1:${port}`]]))
    await event(one, 'dial-failed')
    const two = await harness.open(2, { port })
    point(two, one)
    await exchange(one, two)
    expect(clock.monotonicMs()).to.equal(0)
  })

  it('dial less and less often a peer that takes a connection and drops it', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const two = await harness.open(2)
    const one = await harness.open(1, { clock, random: () => 0, timings: { backoffMinMs: 100, backoffMaxMs: 10_000 } })
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    for (const [times, waitMs] of [
      [1, 50],
      [2, 100],
      [3, 200],
    ] as const) {
      await until(() => countOf(one, 'peer-connected') === times)
      link.breakConnections()
      await until(() => countOf(one, 'peer-disconnected') === times)
      clock.advance(waitMs - 1)
      await turns(5)
      expect(countOf(one, 'peer-connected')).to.equal(times)
      clock.advance(1)
    }
  })

  it('end with what was sent before', async () => {
    const one = await harness.open(1)
    const two = await harness.open(2)
    point(one, two)
    await exchange(one, two)
    const before = two.messages.length
    for (let mark = 0; mark < 100; mark++) one.network.send(markedHeartbeat(1, 2, mark))
    await one.network.close()
    await until(() => two.messages.length === before + 100)
  })

  it('close although a peer takes nothing', async () => {
    const one = await harness.open(1, { timings: { closeTimeoutMs: 30 } })
    const two = await harness.open(2)
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    await exchange(one, two)
    link.block('forward')
    const data = new Uint8Array(100_000)
    for (let index = 1; index <= 200; index++) {
      one.network.send({
        ...markedHeartbeat(1, 2, 1),
        type: 'Append',
        entries: [{ term: 1, index, type: 'normal', data }],
      })
    }
    await turns(5)
    await one.network.close()
  })
})

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Takes connections, and never says a word. */
async function listenMutely(): Promise<{ server: Server; address: string; called: Promise<unknown> }> {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { server, address: `127.0.0.1:${port}`, called: once(server, 'connection') }
}

function lookupOf(addressOf: (host: string) => string): LookupFunction {
  return (host, options, callback) => {
    const address = addressOf(host)
    if (options.all === true) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }
}
