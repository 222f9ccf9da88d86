import { expect } from 'chai'
import { frame } from '@walrus/protocol'
import { RawClient } from '@walrus/testing'
import {
  openClientListener,
  type ClientListener,
  type ClientListenerEvent,
  type ClientListenerOptions,
} from './index.js'
import { announced, LIMITS, ScriptedService, type ScriptedSession } from './scripted-service.test.js'

describe('client listener', () => {
  let service: ScriptedService
  let events: ClientListenerEvent[]
  let listener: ClientListener
  let clients: RawClient[]

  async function listen(limits: Partial<ClientListenerOptions['limits']> = {}): Promise<void> {
    listener = await openClientListener({
      host: '127.0.0.1',
      port: 0,
      service,
      limits: { ...LIMITS, ...limits },
      onEvent: (event) => events.push(event),
    })
  }

  async function connect(): Promise<RawClient> {
    const client = await RawClient.connect(Number(listener.address.split(':')[1]))
    clients.push(client)
    return client
  }

  /** So many round trips of another client: whatever the node would do for the others by now, it has done. */
  async function roundTrips(client: RawClient, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await client.ask(`trip ${i}`)
  }

  function eventKinds(): string[] {
    return events.map(({ kind }) => kind)
  }

  beforeEach(() => {
    service = new ScriptedService()
    events = []
    clients = []
  })

  afterEach(async () => {
    for (const client of clients) await client.destroy()
    await listener.close(0)
  })

  it('answers each request, in order, however its bytes arrive', async () => {
    await listen()
    const client = await connect()
    const stream = Buffer.concat(['one', 'two', 'three'].map((text) => frame(Buffer.from(text))))
    for (const byte of stream) client.sendBytes(Uint8Array.of(byte))
    client.sendBytes(stream)
    const once = ['OK one', 'OK two', 'OK three']
    expect(await client.nextTexts(6)).to.deep.equal([...once, ...once])
  })

  it('keeps the order of 10,000 requests sent in one piece', async () => {
    await listen()
    const client = await connect()
    const requests = Array.from({ length: 10_000 }, (_, i) => `request ${i}`)
    client.sendBytes(Buffer.concat(requests.map((request) => frame(Buffer.from(request)))))
    expect(await client.nextTexts(10_000)).to.deep.equal(requests.map((request) => `OK ${request}`))
  })

  it('takes no more requests than may wait for an answer, more when answers are small, and goes on when they are there', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    const witness = await connect()
    client.sendBytes(Buffer.concat(Array.from({ length: 10_000 }, (_, i) => frame(Buffer.from(`${i}`)))))
    await service.whenAccepted(16)
    const [session] = service.sessions as [ScriptedSession]
    service.automatic = true
    await roundTrips(witness, 50)
    expect(session.requests).to.have.length(16)
    service.automatic = false
    session.answer(16)
    await service.whenAccepted(16 + 50 + 32)
    service.automatic = true
    await roundTrips(witness, 50)
    expect(session.requests).to.have.length(16 + 32)
    session.answer(32)
    expect(await client.nextTexts(10_000)).to.deep.equal(Array.from({ length: 10_000 }, (_, i) => `OK ${i}`))
  })

  it('takes few requests at once when their answers are large', async () => {
    service.answerOf = (request) => request.padEnd(100_000, '.')
    await listen()
    const client = await connect()
    const witness = await connect()
    expect((await client.ask('first')).length).to.equal(100_000)
    service.automatic = false
    for (let i = 0; i < 100; i++) client.send(`${i}`)
    await service.whenAccepted(1 + 10)
    const [session] = service.sessions as [ScriptedSession]
    service.automatic = true
    await roundTrips(witness, 50)
    expect(session.requests, 'one, and as many as make a mebibyte').to.have.length(1 + 10)
    session.answer(10)
    expect(await client.nextTexts(100)).to.have.length(100)
  })

  it('goes on taking requests when those before them only wait', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    for (let i = 0; i < 20; i++) client.send(`${i}`)
    await service.whenAccepted(16)
    const [session] = service.sessions as [ScriptedSession]
    session.waitingCount = 16
    session.sink.ease()
    await service.whenAccepted(20)
    session.waitingCount = 0
    session.answer(20)
    expect(await client.nextTexts(20)).to.have.length(20)
  })

  it('takes no more bytes of requests than may wait for an answer', async () => {
    service.automatic = false
    await listen({ maxPendingBytes: 300_000 })
    const client = await connect()
    const witness = await connect()
    const request = Buffer.alloc(100_000, 'x')
    for (let i = 0; i < 20; i++) client.send(request)
    await service.whenAccepted(3)
    const [session] = service.sessions as [ScriptedSession]
    service.automatic = true
    await roundTrips(witness, 50)
    expect(session.requests).to.have.length(3)
    session.answer(3)
    expect(await client.nextTexts(20)).to.have.length(20)
  })

  it('takes no more requests while the answers that are under way may fill the room', async () => {
    service.automatic = false
    service.promisedBytesEach = 100_000
    await listen({ maxPendingBytes: 300_000 })
    const client = await connect()
    const witness = await connect()
    for (let i = 0; i < 20; i++) client.send(`${i}`)
    await service.whenAccepted(3)
    const [session] = service.sessions as [ScriptedSession]
    service.automatic = true
    await roundTrips(witness, 50)
    expect(session.requests).to.have.length(3)
    session.answer(3)
    expect(await client.nextTexts(20)).to.have.length(20)
  })

  it('stops reading a client that does not fetch its answers, while others go on', async () => {
    service.answerOf = (request) => (request.startsWith('big') ? request.padEnd(1 << 18, '.') : request)
    await listen()
    const lazy = await connect()
    const witness = await connect()
    lazy.pause()
    for (let i = 0; i < 400; i++) lazy.send(`big ${i}`)
    await roundTrips(witness, 500)
    const [session] = service.sessions as [ScriptedSession]
    expect(session.requests.length, 'of 400 requests, 100 MiB of answers').to.be.below(150)
    lazy.resume()
    for (let i = 0; i < 400; i++) expect((await lazy.nextText()).split('.')[0]).to.equal(`big ${i}`)
  })

  it('works when fewer bytes may wait than one request or answer has', async () => {
    service.answerOf = (request) => request.padEnd(50_000, '.')
    await listen({ maxPendingBytes: 1024 })
    const client = await connect()
    for (let i = 0; i < 100; i++) client.send(`${i}`.padEnd(5000))
    expect((await client.nextTexts(100)).map((text) => Number.parseInt(text))).to.deep.equal([...Array(100).keys()])
  })

  for (const { name, header } of [
    { name: 'zero-length', header: [0, 0, 0, 0] },
    { name: 'oversize', header: [0, 0, 0, 128] },
  ]) {
    it(`answers a ${name} frame after what came before it, reads no further and closes`, async () => {
      await listen()
      const bad = await connect()
      const good = await connect()
      bad.sendBytes(Buffer.concat([frame(Buffer.from('before')), Buffer.from(header), frame(Buffer.from('behind'))]))
      bad.sendBytes(Buffer.alloc(4 << 20, 1))
      expect(await bad.nextTexts(2)).to.deep.equal(['OK before', `OK a fault: ${name}`])
      await bad.whenClosed()
      expect(service.sessions[0]?.requests).to.deep.equal(['before', `a fault: ${name}`])
      expect(await good.ask('still here')).to.equal('OK still here')
      expect(eventKinds()).to.include('frame-refused')
    })
  }

  it('answers what is pending before it closes for a fault', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    client.sendBytes(Buffer.concat([frame(Buffer.from('slow')), Buffer.alloc(4)]))
    await service.whenAccepted(1)
    service.sessions[0]?.answer(2)
    expect(await client.nextTexts(2)).to.deep.equal(['OK slow', 'OK a fault: zero-length'])
    await client.whenClosed()
  })

  it('answers a client that has ended its side, then ends its own', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    client.send('last words')
    client.end()
    await service.whenAccepted(1)
    service.sessions[0]?.answer(1)
    expect(await client.nextText()).to.equal('OK last words')
    await client.whenClosed()
  })

  it('answers all of a client that ends its side with more requests than may wait', async () => {
    await listen({ maxPendingBytes: 1024 })
    const client = await connect()
    for (let i = 0; i < 2000; i++) client.send(`${i}`)
    client.end()
    expect(await client.nextTexts(2000)).to.deep.equal(Array.from({ length: 2000 }, (_, i) => `OK ${i}`))
    await client.whenClosed()
  })

  for (const { part, bytes } of [
    { part: 'two bytes of a length', bytes: [5, 0] },
    { part: 'half of a request', bytes: [5, 0, 0, 0, 65, 66] },
  ]) {
    it(`answers what came before, says so and closes when ${part} is all that comes`, async () => {
      await listen({ frameTimeoutMs: 20 })
      const slow = await connect()
      const idle = await connect()
      slow.sendBytes(Buffer.concat([frame(Buffer.from('before')), Buffer.from(bytes)]))
      expect(await slow.nextTexts(2)).to.deep.equal(['OK before', 'OK a fault: unfinished'])
      await slow.whenClosed()
      expect(await idle.ask('a client may be silent between requests')).to.match(/^OK/)
      expect(eventKinds()).to.include('frame-refused')
    })
  }

  it('reads no connection for long while others wait', async () => {
    await listen({ maxFrameBytes: 64 << 20, maxPendingBytes: 64 << 20 })
    const [greedy, witness] = [await connect(), await connect()]
    const request = frame(Buffer.alloc(10_000, 'x'))
    greedy.sendBytes(Buffer.concat(Array.from({ length: 2000 }, () => request)))
    let before = 0
    let mostInATurn = 0
    while (service.acceptedCount < 2000) {
      await new Promise((resolve) => setImmediate(resolve))
      mostInATurn = Math.max(mostInATurn, service.acceptedCount - before)
      before = service.acceptedCount
    }
    expect(mostInATurn * request.length).to.be.below(512 * 1024)
    expect(await greedy.nextTexts(2000)).to.have.length(2000)
    expect(await witness.ask('still here')).to.equal('OK still here')
  })

  it('gives nobody up who is not read', async () => {
    service.automatic = false
    await listen({ frameTimeoutMs: 20, maxPendingBytes: 1024 })
    const [client, witness] = [await connect(), await connect()]
    client.send('x'.repeat(2000))
    await service.whenAccepted(1)
    client.sendBytes(Buffer.from([5, 0, 0, 0, 65]))
    service.automatic = true
    // Each of these is given up after 20 ms, and the last is by then twice as old as the client's.
    for (let nth = 0; nth < 2; nth += 1) {
      const slow = await connect()
      slow.sendBytes(Buffer.of(1))
      expect(await slow.nextText()).to.equal('OK a fault: unfinished')
    }
    expect(await witness.ask('still here')).to.equal('OK still here')
    service.sessions[0]?.answer(1)
    expect(await client.nextText()).to.match(/^OK x/)
    client.sendBytes(Buffer.from('BCDE'))
    expect(await client.nextText()).to.equal('OK ABCDE')
  })

  it('cuts off who holds most when all hold too much, and nobody else', async () => {
    await listen({ maxHeldBytes: 1 << 20 })
    const [small, witness] = [await connect(), await connect()]
    small.sendBytes(Buffer.concat([announced(65_536), Buffer.alloc(1000)]))
    const large = await Promise.all([1, 2, 3].map(() => connect()))
    for (const client of large) client.sendBytes(Buffer.concat([announced(800_000), Buffer.alloc(799_999)]))
    while (large.filter((client) => client.closed).length < 2) await roundTrips(witness, 1)
    expect(large.filter((client) => client.closed)).to.have.length(2)
    small.sendBytes(Buffer.alloc(65_536 - 1000))
    expect(await small.nextText()).to.match(/^OK/)
    expect(eventKinds().filter((kind) => kind === 'connection-cut')).to.have.length(2)
  })

  it('tells the session when the client is gone, and drops its answers', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    const witness = await connect()
    client.send('farewell')
    await service.whenAccepted(1)
    await client.destroy()
    service.automatic = true
    while (listener.connectionCount > 1) await roundTrips(witness, 1)
    const [session] = service.sessions as [ScriptedSession]
    expect(session.closed).to.equal(true)
    session.answer(1)
    await roundTrips(witness, 1)
    expect(eventKinds()).to.include('connection-closed')
  })

  it('refuses one connection too many with an error, and takes the next one after another has left', async () => {
    await listen({ maxConnections: 2 })
    const first = await connect()
    const second = await connect()
    expect(await first.ask('a')).to.equal('OK a')
    expect(await second.ask('b')).to.equal('OK b')
    const third = await connect()
    expect(await third.nextText()).to.equal('ERR too many connections: 2 are open')
    await third.whenClosed()
    expect(eventKinds()).to.include('connection-refused')
    await first.destroy()
    while (listener.connectionCount > 1) await roundTrips(second, 1)
    const fourth = await connect()
    expect(await fourth.ask('c')).to.equal('OK c')
  })

  it('answers what was accepted when it closes, and takes nothing new', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    const idle = await connect()
    client.send('accepted')
    await service.whenAccepted(1)
    const closing = listener.close(60_000)
    await idle.whenClosed()
    client.send('too late')
    service.sessions[0]?.answer(1)
    expect(await client.nextText()).to.equal('OK accepted')
    await closing
    expect(service.acceptedCount).to.equal(1)
    const refused = await connect().then(
      () => 'connected',
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(refused).to.equal('ECONNREFUSED')
  })

  it('cuts those that cannot be answered in time when it closes', async () => {
    service.automatic = false
    await listen()
    const client = await connect()
    client.send('never answered')
    await service.whenAccepted(1)
    await listener.close(0)
    await client.whenClosed()
    expect(listener.connectionCount).to.equal(0)
  })

  it('says which address it cannot have, and why', async () => {
    await listen()
    const port = Number(listener.address.split(':')[1])
    const limits = LIMITS
    for (const [host, reason] of [
      ['127.0.0.1', 'the address is in use'],
      ['192.0.2.1', 'the address is not one of this machine'],
    ] as const) {
      const failure = await openClientListener({ host, port, service, limits, onEvent: () => undefined }).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(failure).to.include({
        code: 'UNAVAILABLE',
        message: `Cannot listen for clients on "${host}:${port}": ${reason}`,
      })
    }
  })
})
