import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { FaultyLink } from './faulty-link.js'

describe('faulty link', () => {
  let server: Server
  let link: FaultyLink
  let sockets: Socket[]
  /** What has come to the server, and to the client. */
  let forward: string
  let backward: string

  beforeEach(async () => {
    forward = ''
    backward = ''
    sockets = []
    server = await startServer((socket) => {
      socket.on('data', (chunk: Buffer) => {
        forward += chunk.toString()
        socket.write(chunk.toString().toUpperCase())
      })
    })
    link = await FaultyLink.open(addressOf(server))
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await link.close()
    server.close()
  })

  async function startServer(onConnection: (socket: Socket) => void): Promise<Server> {
    const started = createServer((socket) => {
      socket.on('error', () => undefined)
      onConnection(socket)
    }).listen(0, '127.0.0.1')
    await once(started, 'listening')
    return started
  }

  function addressOf(listening: Server): string {
    return `127.0.0.1:${(listening.address() as AddressInfo).port}`
  }

  async function dial(): Promise<Socket> {
    const socket = beginToDial()
    await once(socket, 'connect')
    return socket
  }

  function beginToDial(): Socket {
    const socket = connect(Number(link.address.split(':')[1]), '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => (backward += chunk.toString()))
    return socket
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  /** Resolves when the socket is gone, in order or not. */
  async function closed(socket: Socket): Promise<void> {
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  }

  async function turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
  }

  it('carries bytes both ways, and counts them', async () => {
    const socket = await dial()
    socket.write('hello')
    await until(() => backward === 'HELLO')
    expect([link.passedBytes('forward'), link.passedBytes('backward')]).to.deep.equal([5, 5])
    expect(link.connectionCount).to.equal(1)
  })

  it('carries an orderly end', async () => {
    const socket = await dial()
    socket.end('bye')
    await closed(socket)
    expect([forward, backward]).to.deep.equal(['bye', 'BYE'])
    await until(() => link.connectionCount === 0)
  })

  it('carries more than its buffers hold, in order', async () => {
    const text = Array.from({ length: 400_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')
    const socket = await dial()
    for (let i = 0; i < 5; i++) socket.write(text)
    await until(() => backward.length === 5 * text.length)
    expect(forward).to.equal(text.repeat(5))
  })

  it('delays bytes, and keeps their order', async () => {
    const socket = await dial()
    link.delay(15)
    const startMs = performance.now()
    for (const part of ['a', 'b', 'c']) socket.write(part)
    await until(() => backward === 'ABC')
    expect(performance.now() - startMs).to.be.at.least(29)
  })

  it('keeps the order of bytes that come when the delay has become shorter', async () => {
    const socket = await dial()
    socket.write('a')
    await until(() => forward === 'a')
    link.delay(30)
    socket.write('b')
    await turns(20)
    link.delay(1)
    socket.write('c')
    await turns(20)
    link.delay(0)
    socket.end('d')
    await closed(socket)
    expect([forward, backward]).to.deep.equal(['abcd', 'ABCD'])
  })

  it('cuts connections, and refuses new ones until it is healed', async () => {
    const socket = await dial()
    socket.write('x')
    await until(() => backward === 'X')
    link.cut()
    await closed(socket)
    await closed(beginToDial())
    link.heal()
    const taken = await dial()
    taken.write('y')
    await until(() => backward === 'XY')
  })

  it('blocks one direction and not the other, and loses nothing by it', async () => {
    const socket = await dial()
    socket.write('a')
    await until(() => backward === 'A')
    link.block('backward')
    socket.write('b')
    await until(() => forward === 'ab')
    await turns(20)
    expect(backward).to.equal('A')
    link.heal()
    await until(() => backward === 'AB')
    link.block('forward')
    socket.write('c')
    await turns(20)
    expect(forward).to.equal('ab')
    link.heal()
    await until(() => forward === 'abc')
  })

  it('blocks new connections as well', async () => {
    link.block('forward')
    const socket = await dial()
    socket.write('a')
    await turns(20)
    expect(forward).to.equal('')
    link.heal()
    await until(() => forward === 'a')
  })

  it('breaks after exactly so many bytes, once', async () => {
    const socket = await dial()
    link.breakAfter('forward', 7)
    socket.write('hello')
    await until(() => forward === 'hello')
    socket.write('world')
    await closed(socket)
    await until(() => forward === 'hellowo')
    const again = await dial()
    again.write('more than seven')
    await until(() => forward.endsWith('more than seven'))
  })

  it('changes one byte, once', async () => {
    const socket = await dial()
    link.damageAfter('backward', 2)
    socket.write('abcd')
    await until(() => backward.length >= 4)
    expect(backward.slice(0, 2)).to.equal('AB')
    expect(backward.slice(0, 4)).not.to.equal('ABCD')
    backward = ''
    socket.write('efgh')
    await until(() => backward === 'EFGH')
  })

  it('leads where it is told', async () => {
    let came = ''
    const other = await startServer((socket) => socket.on('data', (chunk: Buffer) => (came += chunk.toString())))
    link.retarget(addressOf(other))
    const socket = await dial()
    socket.write('there')
    await until(() => came === 'there')
    link.breakConnections()
    other.close()
  })

  it('breaks the connection of who dials when nobody is there', async () => {
    server.close()
    await closed(beginToDial())
  })
})
