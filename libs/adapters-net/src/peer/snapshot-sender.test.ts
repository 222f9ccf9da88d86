import { FaultyLink, ManualClock, snapshotMessage } from '@walrus/testing'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { expect } from 'chai'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'

const MIB = 1024 * 1024

describe('snapshots to a peer', () => {
  const harness = new PeerHarness()
  let one: TestPeer
  let two: TestPeer
  let link: FaultyLink

  async function open(options: Parameters<PeerHarness['open']>[1] = {}): Promise<void> {
    one = await harness.open(1, options)
    two = await harness.open(2, { limits: { maxSnapshotBytes: 100 * MIB } })
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
  }

  function send(sizeBytes: number): Promise<boolean> {
    return one.network.sendSnapshot(snapshotMessage(1, 2, 1), new Uint8Array(sizeBytes))
  }

  afterEach(async () => {
    await harness.closeAll()
    await link.close()
  })

  it('are reported on both sides', async () => {
    await open()
    expect(await send(MIB)).to.equal(true)
    expect(await event(one, 'snapshot-sent')).to.include({ nodeId: 2, sizeBytes: MIB })
    expect(await event(two, 'snapshot-received')).to.include({ nodeId: 1, sizeBytes: MIB })
  })

  it('keep their connection for the next', async () => {
    await open()
    for (let i = 0; i < 3; i++) expect(await send(1000)).to.equal(true)
    const bulk = two.events.filter((told) => told.kind === 'connection-opened' && told.purpose === 'bulk')
    expect(bulk).to.have.length(1)
  })

  it('that the peer does not take are given up early', async () => {
    await open()
    expect(await send(101 * MIB)).to.equal(false)
    expect(await event(one, 'snapshot-not-sent')).to.include({ nodeId: 2, reason: 'refused: too-large' })
    expect(await event(two, 'snapshot-refused')).to.include({ nodeId: 1, outcome: 'too-large' })
    expect(await send(1000)).to.equal(true)
  })

  it('that break on their way have not arrived, nor those that wait behind them', async () => {
    await open()
    link.breakAfter('forward', 3 * MIB)
    expect(await Promise.all([send(20 * MIB), send(1000)])).to.deep.equal([false, false])
    expect(two.snapshots).to.deep.equal([])
    expect(await send(1000)).to.equal(true)
  })

  it('take up little beside their data while the peer does not read', async () => {
    await open()
    await send(1)
    link.block('forward')
    const data = new Uint8Array(64 * MIB)
    const before = process.memoryUsage().arrayBuffers
    const sent = one.network.sendSnapshot(snapshotMessage(1, 2, 1), data)
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(32 * MIB)
    link.heal()
    expect(await sent).to.equal(true)
  })

  it('of which nothing moves are given up', async () => {
    const clock = new ManualClock()
    await open({ clock, timings: { idleTimeoutMs: 60_000, snapshotStallMs: 10_000 } })
    await send(1)
    link.block('forward')
    const sent = send(64 * MIB)
    await until(() => link.connectionCount === 2)
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_000)
    expect(await sent).to.equal(false)
    expect(await event(one, 'snapshot-not-sent')).to.include({ reason: 'nothing moved for 10000 ms' })
  })

  it('whose whole the peer never acknowledges are given up', async () => {
    const clock = new ManualClock()
    await open({ clock, timings: { idleTimeoutMs: 60_000, snapshotStallMs: 10_000 } })
    await send(1)
    link.block('backward')
    const sent = send(1000)
    await until(() => two.snapshots.length === 2)
    clock.advance(10_000)
    expect(await sent).to.equal(false)
  })

  it('whose message has no place in a frame are not sent', async () => {
    await open()
    const message = { ...snapshotMessage(1, 2, 1), term: -1 }
    expect(await one.network.sendSnapshot(message, new Uint8Array(10))).to.equal(false)
    expect((await event(one, 'snapshot-not-sent')).reason).to.contain('"-1"')
    expect(await send(10)).to.equal(true)
  })

  it('are cut into pieces that fit into a frame', async () => {
    one = await harness.open(1, { limits: { maxFrameBytes: 5000 } })
    two = await harness.open(2, { limits: { maxFrameBytes: 5000 } })
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    expect(await send(100_000)).to.equal(true)
    expect(two.snapshots[0]).to.have.length(100_000)
  })

  it('to a place where nobody is fail at once', async () => {
    await open()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    point(one, two, `127.0.0.1:${port}`)
    expect(await send(10)).to.equal(false)
  })
})
