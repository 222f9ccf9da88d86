import { Socket } from 'node:net'
import { createMessage, type Message } from '@walrus/raft'
import { FaultyLink, markedHeartbeat, snapshotMessage } from '@walrus/testing'
import { expect } from 'chai'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'

const KIB = 1024
const MIB = 1024 * KIB

function append(index: number, sizeBytes: number): Message {
  const entry = { term: 1, index, type: 'normal', data: new Uint8Array(sizeBytes) } as const
  return createMessage({ type: 'Append', from: 1, to: 2, term: 1, context: index, entries: [entry] })
}

describe('messages of Raft to a peer', () => {
  const harness = new PeerHarness()
  let one: TestPeer
  let two: TestPeer
  let link: FaultyLink

  async function open(options: Parameters<PeerHarness['open']>[1] = {}): Promise<void> {
    one = await harness.open(1, options)
    two = await harness.open(2)
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    await until(
      () => two.messages.length > 0,
      () => one.network.send(markedHeartbeat(1, 2, 1)),
    )
  }

  afterEach(async () => {
    await harness.closeAll()
    await link.close()
  })

  it('that does not read take up a bounded memory, the oldest are lost, and the newest arrive', async () => {
    await open({ limits: { maxQueuedRaftBytes: MIB } })
    link.block('forward')
    const before = process.memoryUsage().arrayBuffers
    const count = 4000
    let largestBytes = 0
    for (let index = 1; index <= count; index++) {
      one.network.send(append(index, 64 * KIB))
      if (index % 20 !== 0) continue
      await new Promise((resolve) => setImmediate(resolve))
      largestBytes = Math.max(largestBytes, process.memoryUsage().arrayBuffers - before)
    }
    // 250 MiB were sent. What may be held: the queue, one full channel, and garbage that was not collected yet.
    expect(largestBytes).to.be.below(96 * MIB)
    // Told once for each time that the queue was empty in between, which it is only while the system still takes something.
    const told = one.events.filter(({ kind }) => kind === 'queue-overflowed')
    expect(told.length).to.be.within(1, 50)
    expect(one.unreachable).to.include(2)
    link.heal()
    await until(() => two.messages.some(({ context }) => context === count))
    const arrived = two.messages.filter(({ type }) => type === 'Append').map(({ context }) => context)
    expect(arrived).to.deep.equal([...arrived].sort((left, right) => left - right))
    expect(arrived.length).to.be.below(count / 4)
    expect(arrived.slice(-10)).to.deep.equal(Array.from({ length: 10 }, (_, at) => count - 9 + at))
  })

  it('keep what nobody repeats when there are too many', async () => {
    await open({ limits: { maxQueuedRaftBytes: MIB } })
    link.block('forward')
    for (let index = 1; index <= 500; index++) one.network.send(append(index, 64 * KIB))
    one.network.send(createMessage({ type: 'Propose', from: 1, to: 2, context: 77 }))
    for (let index = 1; index <= 500; index++) one.network.send(append(index, 64 * KIB))
    link.heal()
    await until(() => two.messages.some(({ type }) => type === 'Propose'))
  })

  it('larger than a frame are lost, and said to be', async () => {
    await open({ limits: { maxFrameBytes: 10 * KIB } })
    one.network.send(append(1, 10 * KIB))
    one.network.send(append(2, 9 * KIB))
    expect(await event(one, 'message-unsendable')).to.deep.include({
      nodeId: 2,
      reason: 'it exceeds the largest frame',
    })
    await until(() => one.unreachable.includes(2) && two.messages.some(({ context }) => context === 2))
    expect(two.messages.filter(({ type }) => type === 'Append')).to.have.length(1)
  })

  it('with a number that has no place in a frame are lost, and those around them are not', async () => {
    await open()
    one.network.send(markedHeartbeat(1, 2, 100))
    one.network.send(markedHeartbeat(1, 2, -1))
    one.network.send({ ...markedHeartbeat(1, 2, 1), type: 'StorageAppendResponse' })
    one.network.send(markedHeartbeat(1, 2, 101))
    await until(() => two.messages.some(({ context }) => context === 101))
    const reasons = one.events.flatMap((told) => (told.kind === 'message-unsendable' ? [told.reason] : []))
    expect(reasons).to.have.length(2)
    expect(reasons[0]).to.contain('"-1"')
    expect(two.messages.map(({ context }) => context)).to.include.members([100, 101])
  })

  it('do not wait for a snapshot on its way to the same peer', async () => {
    one = await harness.open(1)
    two = await harness.open(2)
    link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    const sent = one.network.sendSnapshot(snapshotMessage(1, 2, 1), new Uint8Array(64 * MIB))
    let arrived = false
    void sent.then(() => (arrived = true))
    await until(
      () => two.messages.length > 0,
      () => one.network.send(markedHeartbeat(1, 2, 1)),
    )
    expect(arrived).to.equal(false)
    expect(await sent).to.equal(true)
  })

  it('of one turn leave in one write, at its end', async () => {
    await open()
    const port = Number(link.address.split(':')[1])
    const { write } = Socket.prototype
    let writeCount = 0
    Socket.prototype.write = function (this: Socket, ...given: unknown[]) {
      if (this.remotePort === port) writeCount += 1
      return Reflect.apply(write, this, given) as boolean
    }
    try {
      for (let mark = 1; mark <= 50; mark++) one.network.send(markedHeartbeat(1, 2, mark))
      expect(writeCount).to.equal(0)
      await new Promise((resolve) => setImmediate(resolve))
      expect(writeCount).to.equal(1)
    } finally {
      Socket.prototype.write = write
    }
    await until(() => two.messages.filter(({ context }) => context === 50).length === 1)
  })
})
