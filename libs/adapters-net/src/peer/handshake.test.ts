import { WalrusError } from '@walrus/core'
import { encodePeerFrame, type PeerFrame } from '@walrus/protocol'
import { ManualClock, markedHeartbeat, RawClient } from '@walrus/testing'
import { expect } from 'chai'
import { peerChecksum } from './peer-checksum.js'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'
import { readFrame } from './raw-frame.test.js'

describe('handshake of peers', () => {
  const harness = new PeerHarness()
  let clients: RawClient[]

  beforeEach(() => {
    clients = []
  })
  afterEach(async () => {
    for (const client of clients) await client.destroy()
    await harness.closeAll()
  })

  async function dial({ network }: TestPeer): Promise<RawClient> {
    const client = await RawClient.connect(Number(network.address.split(':')[1]))
    clients.push(client)
    return client
  }

  function say(client: RawClient, frame: PeerFrame): void {
    client.sendBytes(encodePeerFrame(frame, peerChecksum))
  }

  const hello: PeerFrame = { kind: 'hello', purpose: 'raft', nodeId: 1, expectedNodeId: 2, clusterId: 'blue' }

  it('refuses a node of another cluster, and both sides say so', async () => {
    const blue = await harness.open(1)
    const red = await harness.open(2, { clusterId: 'red' })
    point(blue, red)
    const refused = await event(blue, 'dial-refused')
    expect(refused).to.include({ nodeId: 2, purpose: 'raft', address: red.network.address, cause: 'cluster' })
    expect(refused.reason).to.equal('this node is of cluster "red", not of cluster "blue"')
    const refusing = await event(red, 'connection-refused')
    expect(refusing).to.include({ cause: 'cluster', reason: refused.reason })
    expect(refusing.remote).to.match(/^127\.0\.0\.1:\d+$/)
  })

  it('refuses who looks for another node, and both sides say so', async () => {
    const one = await harness.open(1)
    const three = await harness.open(3)
    one.network.setAddresses(new Map([[2, three.network.address]]))
    expect(await event(one, 'dial-refused')).to.include({
      nodeId: 2,
      cause: 'node',
      reason: 'this is node 3, not node 2',
    })
    expect(await event(three, 'connection-refused')).to.include({ cause: 'node', reason: 'this is node 3, not node 2' })
  })

  it('refuses a node with the id of this one', async () => {
    const two = await harness.open(2)
    const taken = await harness.open(2)
    taken.network.setAddresses(new Map([[3, two.network.address]]))
    await event(two, 'connection-refused', ({ cause }) => cause === 'node')
  })

  it('keeps a node without a cluster away until it has adopted one, then lets it in', async () => {
    const one = await harness.open(1)
    const two = await harness.open(2, { clusterId: '' })
    point(one, two)
    await event(one, 'dial-refused', ({ cause }) => cause === 'joining')
    two.network.adoptCluster('blue')
    await until(
      () => two.messages.length > 0,
      () => one.network.send(markedHeartbeat(1, 2, 1)),
    )
  })

  it('lets a node adopt one cluster, and no other', async () => {
    const one = await harness.open(1, { clusterId: '' })
    expect(() => one.network.adoptCluster('a b')).to.throw(WalrusError, 'Cannot use "a b" as the id of a cluster')
    one.network.adoptCluster('blue')
    one.network.adoptCluster('blue')
    expect(() => one.network.adoptCluster('red')).to.throw(
      WalrusError,
      'Cannot adopt cluster "red": this node belongs to cluster "blue"',
    )
  })

  it('welcomes a node with who it is', async () => {
    const two = await harness.open(2)
    const client = await dial(two)
    say(client, hello)
    expect(await readFrame(client)).to.deep.equal({ kind: 'welcome', nodeId: 2, clusterId: 'blue' })
    expect(await event(two, 'connection-opened')).to.include({ nodeId: 1, purpose: 'raft' })
  })

  it('tells a node of another version which one it speaks', async () => {
    const two = await harness.open(2)
    const client = await dial(two)
    const newer = Buffer.from(encodePeerFrame(hello, peerChecksum))
    newer.writeUInt16LE(9, 13)
    newer.writeUInt32LE(peerChecksum(newer.subarray(8)), 4)
    client.sendBytes(newer)
    const refusal = { kind: 'refusal', cause: 'version', reason: 'this node speaks version 1' }
    expect(await readFrame(client)).to.deep.equal(refusal)
    await client.whenClosed()
    expect(await event(two, 'connection-refused')).to.include({ cause: 'version' })
  })

  it('refuses more connections than are allowed, and takes one when another has gone', async () => {
    const two = await harness.open(2, { limits: { maxConnections: 2 } })
    const first = await dial(two)
    say(first, { ...hello, nodeId: 11 })
    say(await dial(two), { ...hello, nodeId: 12 })
    await until(() => two.events.filter(({ kind }) => kind === 'connection-opened').length === 2)
    const third = await dial(two)
    say(third, { ...hello, nodeId: 13 })
    expect(await readFrame(third)).to.include({ kind: 'refusal', cause: 'busy', reason: '2 connections are open' })
    await first.destroy()
    await event(two, 'connection-closed')
    const fourth = await dial(two)
    say(fourth, { ...hello, nodeId: 14 })
    expect(await readFrame(fourth)).to.include({ kind: 'welcome' })
  })

  it('replaces the older connection of a node that connects again', async () => {
    const two = await harness.open(2)
    const older = await dial(two)
    say(older, hello)
    await readFrame(older)
    const newer = await dial(two)
    say(newer, hello)
    await readFrame(newer)
    await older.whenClosed()
    expect(await event(two, 'connection-closed')).to.include({ nodeId: 1, reason: 'the node has connected again' })
    say(newer, { kind: 'raft', message: markedHeartbeat(1, 2, 5) })
    await until(() => two.messages.length === 1)
  })

  it('does not let one that asks with a borrowed id cut off the owner', async () => {
    const two = await harness.open(2)
    const asking: PeerFrame = { ...hello, purpose: 'request' }
    const owner = await dial(two)
    say(owner, asking)
    await readFrame(owner)
    const other = await dial(two)
    say(other, asking)
    await readFrame(other)
    say(owner, { kind: 'ping', sequence: 3 })
    expect(await readFrame(owner)).to.deep.equal({ kind: 'pong', sequence: 3 })
  })

  it('gives up on a caller that does not finish its handshake in time, however it dawdles', async () => {
    const clock = new ManualClock()
    const two = await harness.open(2, { clock, timings: { ...quick, handshakeTimeoutMs: 1000 } })
    const client = await dial(two)
    const bytes = encodePeerFrame(hello, peerChecksum)
    for (let at = 0; at < 9; at++) {
      client.sendBytes(bytes.subarray(at, at + 1))
      await client.flushed()
      clock.advance(100)
    }
    expect(client.closed).to.equal(false)
    await until(
      () => client.closed,
      () => clock.advance(100),
    )
    expect(await event(two, 'handshake-failed')).to.include({ reason: 'no handshake within 1000 ms' })
  })

  it('keeps only so many callers waiting for their handshake, and lets those in who introduce themselves', async () => {
    const two = await harness.open(2)
    const silent: RawClient[] = []
    for (let i = 0; i < 100; i++) silent.push(await dial(two))
    await until(() => silent.filter(({ closed }) => closed).length >= 36)
    const real = await dial(two)
    say(real, hello)
    expect(await readFrame(real)).to.include({ kind: 'welcome' })
    expect(silent.filter(({ closed }) => !closed).length).to.be.at.most(64)
    await event(two, 'handshake-failed', ({ reason }) => reason === 'too many connections wait for their handshake')
  })
})

const quick = { backoffMinMs: 2, backoffMaxMs: 20 }
