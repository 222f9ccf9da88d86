import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { ClientError, WalrusClient, type ClientErrorCode, type WalrusClientOptions } from './index.js'
import { ScriptedBroker, frame, type Answer } from './testing/scripted-broker.js'

describe('WalrusClient', () => {
  const brokers: ScriptedBroker[] = []
  const clients: WalrusClient[] = []

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    for (const broker of brokers.splice(0)) await broker.close()
  })

  async function start(answer: Answer, options: Partial<WalrusClientOptions> = {}) {
    const broker = await ScriptedBroker.listen(answer)
    brokers.push(broker)
    const client = await WalrusClient.connect({ host: '127.0.0.1', port: broker.port, ...options })
    clients.push(client)
    return { broker, client }
  }

  describe('the calls', () => {
    it('send the commands of the text protocol', async () => {
      const replies: Record<string, string> = {
        'REGISTER logs': 'OK',
        'PUT logs hello': 'OK',
        'GET logs': 'OK hello',
        'STATE logs': '{"current_segment":1}',
        METRICS: '{\n  "id": 1\n}',
      }
      const { broker, client } = await start((request) => replies[request.toString()])
      await client.register('logs')
      await client.put('logs', 'hello')
      expect(Buffer.from((await client.get('logs'))!).toString()).to.equal('hello')
      expect(await client.state('logs')).to.equal('{"current_segment":1}')
      expect(await client.metrics()).to.equal('{\n  "id": 1\n}')
      expect(broker.requests).to.deep.equal(Object.keys(replies))
      expect(broker.connectionCount).to.equal(1)
    })

    it('tell no entry, an empty entry and the entry "EMPTY" apart', async () => {
      const replies = ['EMPTY', 'OK ', 'OK EMPTY']
      const { client } = await start(() => replies.shift())
      expect(await client.get('logs')).to.equal(undefined)
      expect(await client.get('logs')).to.have.length(0)
      expect(await client.get('logs')).to.deep.equal(new Uint8Array(Buffer.from('EMPTY')))
    })

    it('keep every byte of an entry, both ways', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      let stored = Buffer.alloc(0)
      const { client } = await start((request) => {
        if (request.toString('latin1').startsWith('GET ')) return Buffer.concat([Buffer.from('OK '), stored])
        stored = Buffer.from(request.subarray('PUT t '.length))
        return 'OK'
      })
      await client.put('t', bytes)
      expect(await client.get('t')).to.deep.equal(bytes)
      await client.put('t', new Uint8Array(0))
      expect(await client.get('t')).to.deep.equal(new Uint8Array(0))
    })

    it('take the bytes of an entry when they are called, so that the caller may reuse the buffer', async () => {
      const { broker, client } = await start(() => 'OK')
      const buffer = Buffer.from('first')
      const put = client.put('t', buffer)
      buffer.fill('x')
      await put
      expect(broker.requests).to.deep.equal(['PUT t first'])
    })

    it('send a raw line as it is, and give back any reply as it is', async () => {
      const { broker, client } = await start(() => 'ERR unknown command')
      expect(Buffer.from(await client.raw('get  logs ')).toString()).to.equal('ERR unknown command')
      expect(broker.requests).to.deep.equal(['get  logs '])
    })

    it('refuse what could not be sent, and send nothing', async () => {
      const { broker, client } = await start(() => 'OK')
      await rejection(client.raw(''), 'INVALID_ARGUMENT')
      await rejection(client.register('two words'), 'INVALID_TOPIC')
      await rejection(client.put('', 'x'), 'INVALID_TOPIC')
      expect(broker.requests).to.deep.equal([])
    })
  })

  describe('errors of the broker', () => {
    it('carry a code, and the reply as message', async () => {
      const { client } = await start((request) => REFUSALS[request.toString()])
      const unknown = await rejection(client.put('logs', 'x'), 'UNKNOWN_TOPIC')
      expect(unknown.message).to.equal('ERR unknown topic logs')
      const invalid = await rejection(client.register('logs'), 'INVALID_TOPIC')
      expect(invalid.message).to.equal('ERR invalid topic: "logs": too good')
      await rejection(client.get('logs'), 'TIMED_OUT')
      await rejection(client.put('logs', 'long'), 'REQUEST_TOO_LARGE')
      const refused = await rejection(client.state('logs'), 'REFUSED')
      expect(refused.message).to.equal('ERR disk full')
    })

    it('do not disturb the calls behind them', async () => {
      const { broker, client } = await start((request) => REFUSALS[request.toString()] ?? 'OK')
      const refused = client.put('logs', 'x')
      const accepted = client.put('other', 'x')
      await rejection(refused, 'UNKNOWN_TOPIC')
      await accepted
      expect(broker.connectionCount).to.equal(1)
    })

    it('include a reply that the command does not have', async () => {
      const replies = ['EMPTY', 'OKAY', 'OK', '[]']
      const { client } = await start(() => replies.shift())
      await rejection(client.register('logs'), 'UNEXPECTED_REPLY')
      await rejection(client.put('logs', 'x'), 'UNEXPECTED_REPLY')
      await rejection(client.get('logs'), 'UNEXPECTED_REPLY')
      await rejection(client.metrics(), 'UNEXPECTED_REPLY')
    })
  })

  describe('pipelining', () => {
    it('matches 10,000 replies to their calls in order, over one connection', async () => {
      const { broker, client } = await start((request) => `OK ${request.toString().slice('GET '.length)}`)
      const topics = Array.from({ length: 10_000 }, (_, id) => `t${id}`)
      const entries = await Promise.all(topics.map((topic) => client.get(topic)))
      expect(entries.map((entry) => Buffer.from(entry!).toString())).to.deep.equal(topics)
      expect(broker.requests).to.deep.equal(topics.map((topic) => `GET ${topic}`))
      expect(broker.connectionCount).to.equal(1)
    })

    it('sends all of them before the first reply is there', async () => {
      const waiting: string[] = []
      const { client } = await start((request, socket) => {
        waiting.push(request.toString())
        if (waiting.length === 3) socket.write(Buffer.concat(waiting.map((one) => frame(`OK ${one}`))))
        return undefined
      })
      const entries = await Promise.all([client.get('a'), client.get('b'), client.get('c')])
      expect(entries.map((entry) => Buffer.from(entry!).toString())).to.deep.equal(['GET a', 'GET b', 'GET c'])
    })

    it('understands replies that arrive byte by byte', async () => {
      const { client } = await start((_, socket) => {
        void dribble(frame('OK hello'))
        return undefined
        async function dribble(bytes: Buffer) {
          for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve))
        }
      })
      expect(Buffer.from((await client.get('logs'))!).toString()).to.equal('hello')
    })
  })

  describe('a lost connection', () => {
    it('rejects every call in flight, and the next call opens another one', async () => {
      let healthy = false
      const { broker, client } = await start((_, socket) => {
        if (healthy) return 'OK'
        socket.destroy()
        return undefined
      })
      const calls = [client.put('t', 'a'), client.put('t', 'b')]
      await rejection(calls[0]!, 'CONNECTION_LOST')
      await rejection(calls[1]!, 'CONNECTION_LOST')
      healthy = true
      await client.put('t', 'c')
      expect(broker.connectionCount).to.equal(2)
    })

    it('is survived by a broker that restarts on the same port', async () => {
      const { broker, client } = await start(() => 'OK')
      const { port } = broker
      await client.put('t', 'a')
      await broker.close()
      await rejection(client.put('t', 'b'), 'CONNECTION_LOST', 'CANNOT_CONNECT')
      await rejection(client.put('t', 'c'), 'CANNOT_CONNECT')
      const restarted = await ScriptedBroker.listen(() => 'OK', port)
      brokers.splice(0, 1, restarted)
      await client.put('t', 'd')
      expect(restarted.requests).to.deep.equal(['PUT t d'])
    })

    it('is also one whose replies are more than there were calls', async () => {
      const { broker, client } = await start((_, socket) => {
        if (broker.connectionCount === 1) socket.write(Buffer.concat([frame('OK'), frame('OK')]))
        return broker.connectionCount === 1 ? undefined : 'OK'
      })
      await client.put('t', 'a')
      await client.put('t', 'b')
      expect(broker.connectionCount).to.equal(2)
    })

    it('is not needed to notice that nobody listens', async () => {
      const broker = await ScriptedBroker.listen(() => 'OK')
      const { port, address } = broker
      await broker.close()
      const error = await rejection(WalrusClient.connect({ host: '127.0.0.1', port }), 'CANNOT_CONNECT')
      expect(error.message).to.equal(`Cannot connect to "${address}": connection refused`)
    })
  })

  describe('the bounds', () => {
    it('end a connection whose oldest call has no reply in time; the next call opens another one', async () => {
      const { broker, client } = await start(() => (broker.connectionCount === 1 ? undefined : 'OK'), { timeoutMs: 30 })
      const calls = [client.put('t', 'a'), client.put('t', 'b')]
      const error = await rejection(calls[0]!, 'TIMED_OUT')
      expect(error.message).to.equal(`Cannot read the reply of "${broker.address}": none within 30 ms`)
      await rejection(calls[1]!, 'CONNECTION_LOST')
      await client.put('t', 'c')
      expect(broker.connectionCount).to.equal(2)
    })

    it('count for each call from when it was made', async () => {
      const { broker, client } = await start(
        (_, socket) => {
          setTimeout(() => socket.write(frame('OK')), 250)
          return undefined
        },
        { timeoutMs: 600 },
      )
      for (const entry of ['a', 'b', 'c']) await client.put('t', entry)
      expect(broker.connectionCount).to.equal(1)
    })

    it('reject a reply that is larger than allowed, before it is taken in', async () => {
      const { broker, client } = await start(
        (_, socket) => {
          socket.write(Buffer.of(0xff, 0xff, 0xff, 0xff))
          return undefined
        },
        { replyBytesMax: 10 },
      )
      const error = await rejection(client.get('t'), 'REPLY_TOO_LARGE')
      expect(error.message).to.equal(`Cannot read the reply of "${broker.address}": 4294967295 bytes exceed 10`)
    })

    it('let a reply of exactly that size pass', async () => {
      const { client } = await start(() => 'OK 1234567', { replyBytesMax: 10 })
      expect(await client.get('t')).to.have.length(7)
    })

    it('are checked themselves', async () => {
      for (const options of [
        { port: 0 },
        { port: 65_536 },
        { timeoutMs: 0 },
        { timeoutMs: 1.5 },
        { replyBytesMax: 0 },
      ]) {
        await rejection(WalrusClient.connect({ host: '127.0.0.1', port: 1, ...options }), 'INVALID_ARGUMENT')
      }
    })
  })

  describe('close', () => {
    it('lets the calls in flight finish, then ends the connection and refuses new calls', async () => {
      let served: Socket | undefined
      const { client } = await start((_, socket) => {
        served = socket
        setImmediate(() => socket.write(frame('OK')))
        return undefined
      })
      const call = client.put('t', 'a')
      await Promise.all([client.close(), client.close()])
      await call
      if (!served!.closed) await once(served!, 'close')
      await rejection(client.put('t', 'b'), 'CLIENT_CLOSED')
      await client.close()
    })

    it('does not wait when it is called destroy', async () => {
      const { client } = await start(() => undefined)
      const calls = [client.put('t', 'a'), client.put('t', 'b')]
      client.destroy()
      for (const call of calls) await rejection(call, 'CLIENT_CLOSED')
    })
  })
})

const REFUSALS: Readonly<Record<string, string>> = {
  'PUT logs x': 'ERR unknown topic logs',
  'REGISTER logs': 'ERR invalid topic: "logs": too good',
  'GET logs': 'ERR timed out: no leader',
  'PUT logs long': 'ERR invalid frame length: 13 exceeds 12',
  'STATE logs': 'ERR disk full',
}

/** The error that the call must reject with; its code must be one of these. */
async function rejection(call: Promise<unknown>, ...codes: readonly ClientErrorCode[]): Promise<ClientError> {
  const outcome: unknown = await call.then(
    () => 'resolved',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(ClientError)
  const error = outcome as ClientError
  expect(codes, error.message).to.include(error.code)
  return error
}
