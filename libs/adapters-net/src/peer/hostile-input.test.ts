import { crc32, encodePeerFrame, frame, type PeerFrame } from '@walrus/protocol'
import { createMessage } from '@walrus/raft'
import { FaultyLink, ManualClock, markedHeartbeat, RawClient, seededRandom, snapshotMessage } from '@walrus/testing'
import { expect } from 'chai'
import { peerChecksum } from './peer-checksum.js'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'
import { enter, readFrame, sendFrame } from './raw-frame.test.js'

const MIB = 1024 * 1024

describe('hostile input from peers', () => {
  const harness = new PeerHarness()
  let node: TestPeer
  let clients: RawClient[]

  beforeEach(async () => {
    clients = []
    node = await harness.open(2)
  })

  afterEach(async () => {
    for (const client of clients) await client.destroy()
    await harness.closeAll()
  })

  async function dial(): Promise<RawClient> {
    const client = await RawClient.connect(Number(node.network.address.split(':')[1]))
    clients.push(client)
    return client
  }

  async function entered(purpose: 'raft' | 'bulk' | 'request', nodeId = 1): Promise<RawClient> {
    const client = await enter(node.network.address, purpose, nodeId)
    clients.push(client)
    return client
  }

  /** Whatever came before, another node is served. */
  async function expectService(): Promise<void> {
    const other = await entered('raft', 77)
    const before = node.messages.length
    sendFrame(other, { kind: 'raft', message: markedHeartbeat(77, 2, 1) })
    await until(() => node.messages.length > before)
  }

  function announce(lengthBytes: number): Uint8Array {
    const header = Buffer.alloc(4)
    header.writeUInt32LE(lengthBytes)
    return header
  }

  const beforeHandshake: readonly [string, Uint8Array, string][] = [
    [
      'the request of a browser',
      Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      'a frame of 542393671 bytes exceeds 1024',
    ],
    ['an announcement of 4 GiB', announce(0xffffffff), 'a frame of 4294967295 bytes exceeds 1024'],
    ['an empty frame', announce(0), 'a frame of 0 bytes'],
    ['a frame that is no frame of peers', frame(Buffer.from('REGISTER logs')), 'a frame that cannot be read: checksum'],
    ['a frame that is too short', frame(Buffer.from('abc')), 'a frame that cannot be read: short'],
    ['a message before the handshake', encoded({ kind: 'ping', sequence: 1 }), '"ping" instead of a handshake'],
  ]
  for (const [what, bytes, reason] of beforeHandshake) {
    it(`is cut off: ${what}`, async () => {
      const client = await dial()
      client.sendBytes(bytes)
      await client.whenClosed()
      expect(await event(node, 'handshake-failed')).to.include({ reason })
      await expectService()
    })
  }

  const message = markedHeartbeat(1, 2, 1)
  const afterHandshake: readonly [string, 'raft' | 'bulk' | 'request', Uint8Array, string][] = [
    ['an announcement of 4 GiB', 'raft', announce(0xffffffff), 'a frame of 4294967295 bytes exceeds 33554432'],
    ['a second handshake', 'raft', encoded(greeting()), '"hello" does not belong on this connection'],
    ['a snapshot among messages', 'raft', encoded(begin(10)), '"snapshotBegin" does not belong on this connection'],
    [
      'a message among snapshots',
      'bulk',
      encoded({ kind: 'raft', message }),
      '"raft" does not belong on this connection',
    ],
    [
      'an answer to nothing',
      'request',
      encoded({ kind: 'answer', id: 1, payload: new Uint8Array() }),
      '"answer" does not belong on this connection',
    ],
    ['a piece of no snapshot', 'bulk', encoded(chunk(0, 3)), 'a piece of a snapshot that was not announced'],
    [
      'two snapshots at once',
      'bulk',
      Buffer.concat([encoded(begin(10)), encoded(begin(10))]),
      'a second snapshot before the first has ended',
    ],
  ]
  for (const [what, purpose, bytes, reason] of afterHandshake) {
    it(`is cut off after the handshake, on a ${purpose} connection: ${what}`, async () => {
      const client = await entered(purpose)
      client.sendBytes(bytes)
      await client.whenClosed()
      expect(await event(node, 'connection-closed')).to.include({ nodeId: 1, purpose, reason })
      await expectService()
    })
  }

  it('is cut off: a frame whose bytes come one by one, and never end', async () => {
    const timings = { idleTimeoutMs: 1000, frameTimeoutMs: 1200 }
    const hasty = await harness.open(3, { timings })
    const client = await enter(hasty.network.address, 'raft')
    clients.push(client)
    client.sendBytes(announce(1000))
    const drip = setInterval(() => client.sendBytes(Buffer.of(0)), 5)
    await client.whenClosed()
    clearInterval(drip)
    expect(await event(hasty, 'connection-closed')).to.include({ reason: 'a frame was not complete within 1200 ms' })
  })

  it('is cut off: a long frame of a caller who does not know the cluster', async () => {
    for (const clusterId of ['', 'red']) {
      const client = await dial()
      sendFrame(client, { kind: 'hello', purpose: 'request', nodeId: 0, expectedNodeId: 0, clusterId })
      if ((await readFrame(client)).kind === 'refusal') continue
      client.sendBytes(announce(65_537))
      await client.whenClosed()
    }
    const reason = 'a frame of 65537 bytes exceeds 65536'
    expect(await event(node, 'connection-closed')).to.include({ purpose: 'request', reason })
    await expectService()
  })

  it('is cut off: the same request id twice', async () => {
    node.network.handle(1, 'members', () => new Promise(() => undefined))
    const client = await entered('request')
    const request: PeerFrame = { kind: 'request', id: 5, requestKind: 1, timeoutMs: 50_000, payload: new Uint8Array() }
    sendFrame(client, request)
    sendFrame(client, request)
    await client.whenClosed()
    expect(await event(node, 'connection-closed')).to.include({ reason: 'request 5 twice' })
  })

  it('does not reach the core when it goes to, or says that it comes from, another node', async () => {
    const client = await entered('raft')
    sendFrame(client, { kind: 'raft', message: markedHeartbeat(1, 3, 1) })
    sendFrame(client, { kind: 'raft', message: markedHeartbeat(4, 2, 1) })
    const passedOn = (['Propose', 'ReadIndex', 'TransferLeader'] as const).map((type) =>
      createMessage({ type, from: 4, to: 2 }),
    )
    for (const one of passedOn) sendFrame(client, { kind: 'raft', message: one })
    await until(() => node.messages.length === 3)
    expect(node.messages).to.deep.equal(passedOn)
    const reasons = node.events.flatMap((one) => (one.kind === 'message-misdirected' ? [one.reason] : []))
    expect(reasons).to.deep.equal(['Heartbeat is for node 3', 'Heartbeat says that it is from node 4'])
  })

  it('as random bytes, before and after the handshake, harms nobody', async () => {
    const random = seededRandom(7)
    for (let round = 0; round < 60; round++) {
      const bytes = new Uint8Array(1 + random() * 300).map(() => random() * 256)
      const client =
        round % 2 === 0 ? await dial() : await entered((['raft', 'bulk', 'request'] as const)[round % 3] ?? 'raft')
      client.sendBytes(round % 4 < 2 ? bytes : frame(bytes))
      client.end()
      await client.whenClosed()
    }
    await expectService()
    expect(node.messages).to.have.length(1)
  })

  describe('in snapshots', () => {
    async function outcomeOf(...frames: readonly PeerFrame[]): Promise<string> {
      const client = await entered('bulk')
      for (const one of frames) sendFrame(client, one)
      const result = await readFrame(client)
      return result.kind === 'snapshotResult' ? result.outcome : result.kind
    }

    it('is refused when it announces more than is taken, and nothing is reserved for it', async () => {
      const before = process.memoryUsage().arrayBuffers
      expect(await outcomeOf(begin(4 * 1024 * MIB))).to.equal('too-large')
      expect(await outcomeOf(begin(Number.MAX_SAFE_INTEGER))).to.equal('too-large')
      const client = await entered('bulk')
      sendFrame(client, begin(1024 * MIB))
      sendFrame(client, chunk(0, 1000))
      sendFrame(client, { kind: 'ping', sequence: 1 })
      expect(await readFrame(client)).to.deep.equal({ kind: 'pong', sequence: 1 })
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(16 * MIB)
    })

    it('is refused when its whole has another checksum', async () => {
      expect(await outcomeOf({ ...begin(10), checksum: 1 } as PeerFrame, chunk(0, 10))).to.equal('checksum')
      expect(node.snapshots).to.deep.equal([])
    })

    it('is refused when a piece is missing, comes twice, is empty, or goes beyond the end', async () => {
      for (const wrong of [chunk(6, 2), chunk(0, 5), chunk(5, 0), chunk(5, 6)]) {
        expect(await outcomeOf(begin(10), chunk(0, 5), wrong)).to.equal('disorder')
      }
      expect(node.snapshots).to.deep.equal([])
    })

    it('is refused when it is meant for another node', async () => {
      expect(await outcomeOf({ ...begin(1), message: snapshotMessage(1, 3, 1) } as PeerFrame)).to.equal('disorder')
    })

    it('may go on with pieces that were under way when it was refused, and the next one is taken', async () => {
      const client = await entered('bulk')
      for (const one of [begin(10), chunk(3, 3), chunk(6, 3), chunk(9, 1)]) sendFrame(client, one)
      expect(await readFrame(client)).to.include({ outcome: 'disorder' })
      for (const one of [begin(10, 2), chunk(0, 10, 2)]) sendFrame(client, one)
      expect(await readFrame(client)).to.deep.equal({ kind: 'snapshotResult', transferId: 2, outcome: 'taken' })
      expect(node.snapshots).to.deep.equal([zeros(10)])
    })

    it('is refused when as many are under way as are taken, and taken when one has ended', async () => {
      const dawdling = [await entered('bulk', 11), await entered('bulk', 12)]
      dawdling.forEach((client, at) =>
        sendFrame(client, { ...begin(10), message: snapshotMessage(11 + at, 2, 1) } as PeerFrame),
      )
      for (const client of dawdling) {
        sendFrame(client, { kind: 'ping', sequence: 1 })
        await readFrame(client)
      }
      expect(await outcomeOf(begin(10))).to.equal('busy')
      await dawdling[0]?.destroy()
      await event(node, 'connection-closed', ({ nodeId }) => nodeId === 11)
      expect(await outcomeOf(begin(10), chunk(0, 10))).to.equal('taken')
    })

    it('is cut off when nothing of it comes for too long', async () => {
      const clock = new ManualClock()
      const slow = await harness.open(3, { clock })
      const client = await enter(slow.network.address, 'bulk')
      clients.push(client)
      sendFrame(client, { ...begin(10), message: snapshotMessage(1, 3, 1) } as PeerFrame)
      for (let seconds = 0; seconds < 11 && !client.closed; seconds++) {
        sendFrame(client, { kind: 'ping', sequence: seconds })
        if (seconds < 10) await readFrame(client)
        clock.advance(1000)
      }
      await client.whenClosed()
      expect(await event(slow, 'connection-closed')).to.include({ reason: 'nothing of a snapshot moved for 10000 ms' })
    })

    it('damaged on its way does not arrive, and the next one does', async () => {
      const sender = await harness.open(1)
      const link = await FaultyLink.open(node.network.address)
      point(sender, node, link.address)
      const data = new Uint8Array(2 * MIB).map((_, at) => at * 7)
      link.damageAfter('forward', MIB)
      expect(await sender.network.sendSnapshot(snapshotMessage(1, 2, 1), data)).to.equal(false)
      expect(node.snapshots).to.deep.equal([])
      await event(node, 'connection-closed', ({ reason }) => reason === 'a frame that cannot be read: checksum')
      await until(() => node.events.some(({ kind }) => kind === 'connection-opened'))
      expect(await sender.network.sendSnapshot(snapshotMessage(1, 2, 1), data)).to.equal(true)
      expect(Buffer.compare(node.snapshots[0] ?? zeros(1), data)).to.equal(0)
      await link.close()
    })
  })
})

function encoded(one: PeerFrame): Uint8Array {
  return encodePeerFrame(one, peerChecksum)
}

function zeros(count: number): Uint8Array {
  return new Uint8Array(count)
}

function greeting(): PeerFrame {
  return { kind: 'hello', purpose: 'raft', nodeId: 1, expectedNodeId: 2, clusterId: 'blue' }
}

/** A snapshot of zeros from node 1 to node 2. */
function begin(totalBytes: number, transferId = 1): PeerFrame {
  const checksum = totalBytes <= 1000 ? crc32(zeros(totalBytes)) : 0
  return { kind: 'snapshotBegin', transferId, totalBytes, checksum, message: snapshotMessage(1, 2, 1) }
}

function chunk(offsetBytes: number, count: number, transferId = 1): PeerFrame {
  return { kind: 'snapshotChunk', transferId, offsetBytes, bytes: zeros(count) }
}
