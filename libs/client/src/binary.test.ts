import type { BinaryRequest, EntriesReply } from '@walrus/protocol'
import { expect } from 'chai'
import { ClientError, WalrusClient, type ClientErrorCode, type WalrusClientOptions } from './index.js'
import { BrokerFailure, listenBinary, type BinaryScript } from './testing/binary-broker.js'
import { ScriptedBroker } from './testing/scripted-broker.js'

describe('WalrusClient in binary', () => {
  const brokers: ScriptedBroker[] = []
  const clients: WalrusClient[] = []
  let requests: BinaryRequest[]

  beforeEach(() => (requests = []))

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    for (const broker of brokers.splice(0)) await broker.close()
  })

  async function listen(script: BinaryScript): Promise<ScriptedBroker> {
    const broker = await listenBinary(script, requests)
    brokers.push(broker)
    return broker
  }

  async function connect(options: WalrusClientOptions): Promise<WalrusClient> {
    const client = await WalrusClient.connect(options)
    clients.push(client)
    return client
  }

  async function start(script: BinaryScript, options: WalrusClientOptions = {}): Promise<WalrusClient> {
    const { port } = await listen(script)
    return connect({ host: '127.0.0.1', port, ...options })
  }

  function sequences(): string[] {
    return requests.map((one) =>
      one.command === 'append' ? `${one.producer?.sequence}+${one.entries.length}` : one.command,
    )
  }

  it('appends a batch, whose buffers the caller may reuse at once', async () => {
    const client = await start(() => ({ firstOffset: 40, count: 2 }))
    const buffer = bytes('a')
    const call = client.appendBatch('logs', [buffer, bytes('bb')], { producer: { id: 7, sequence: 3 } })
    buffer.fill(0)
    expect(await call).to.deep.equal({ firstOffset: 40, count: 2 })
    expect(requests).to.deep.equal([
      { command: 'append', topic: 'logs', producer: { id: 7, sequence: 3 }, entries: [bytes('a'), bytes('bb')] },
    ])
  })

  it('fetches entries, and says where reading goes on', async () => {
    const client = await start(() => reply(5, ['a', 'b'], 9))
    const found = await client.fetch('logs', 3, { maxEntries: 2 })
    expect([found.firstOffset, found.nextOffset, found.highWatermark]).to.deep.equal([5, 7, 9])
    expect(texts(found.entries)).to.deep.equal(['5 a', '6 b'])
    expect(requests).to.deep.equal([
      { command: 'fetch', topic: 'logs', offset: 3, maxEntries: 2, maxBytes: 1024 * 1024, maxWaitMs: 0 },
    ])
  })

  it('takes, commits, seeks and asks for the position of a cursor', async () => {
    const client = await start((request) => (request.command === 'next' ? reply(0, ['a'], 1) : { offset: 1 }))
    const cursor = client.cursor('logs', 'mine')
    expect(texts((await cursor.next()).entries)).to.deep.equal(['0 a'])
    expect([await cursor.commit(1), await cursor.seek(0), await cursor.position()]).to.deep.equal([1, 1, 1])
    await client.cursor('logs').next()
    expect(requests.map((one) => ('cursor' in one ? one.cursor : ''))).to.deep.equal([
      ...Array(4).fill('mine'),
      'shared',
    ])
    const moves = requests.slice(1, 4).map((one) => (one.command === 'moveCursor' ? `${one.move} ${one.offset}` : ''))
    expect(moves).to.deep.equal(['commit 1', 'seek 0', 'commit 0'])
  })

  it('administers', async () => {
    const client = await start((request) =>
      request.command === 'admin' && request.operation === 'topic.roll'
        ? { operation: 'topic.roll', result: { segment: 2, leader: 3 } }
        : { operation: 'topic.delete', result: { topic: 'x' } },
    )
    expect(await client.admin.rollTopic('logs')).to.deep.equal({ segment: 2, leader: 3 })
    await rejection(client.admin.clusterStatus(), 'UNEXPECTED_REPLY')
  })

  it('matches answers by their id, in whatever order they come, beside text', async () => {
    const client = await start((request, nth) => {
      if (request.command === 'fetch' && request.offset === 0) return undefined
      return nth === 1 ? { kind: 'pong' } : undefined
    })
    const slow = rejection(client.fetch('logs', 0), 'CLIENT_CLOSED')
    await client.ping()
    client.destroy()
    await slow
  })

  it('tells errors apart by their code', async () => {
    const codes: readonly (readonly [string, ClientErrorCode])[] = [
      ['UNKNOWN_TOPIC', 'UNKNOWN_TOPIC'],
      ['INVALID_TOPIC', 'INVALID_TOPIC'],
      ['TIMED_OUT', 'TIMED_OUT'],
      ['UNAVAILABLE', 'UNAVAILABLE'],
      ['NOT_LEADER', 'UNAVAILABLE'],
      ['DISK_FULL', 'REFUSED'],
      ['A_CODE_OF_TOMORROW', 'REFUSED'],
    ]
    const client = await start((_request, nth) => new BrokerFailure(codes[nth]?.[0] ?? ''))
    for (const [brokerCode, code] of codes) {
      const error = await rejection(client.ping(), code)
      expect(error).to.include({ brokerCode, message: `Cannot do it: ${brokerCode}` })
    }
  })

  it('refuses what has no place in the format, and sends nothing', async () => {
    const client = await start(() => ({ kind: 'pong' }))
    await rejection(client.appendBatch('logs', []), 'INVALID_ARGUMENT')
    await rejection(client.fetch('two words', 0), 'INVALID_TOPIC')
    await rejection(client.fetch('logs', -1), 'INVALID_ARGUMENT')
    await rejection(client.cursor('logs', 'a/b').next(), 'INVALID_ARGUMENT')
    expect(requests).to.deep.equal([])
  })

  it('gives up one call that is not answered, and the connection when nothing is', async () => {
    const broker = await listen((request, nth) =>
      request.command === 'ping' && nth !== 2 ? { kind: 'pong' } : undefined,
    )
    const client = await connect({ host: '127.0.0.1', port: broker.port, timeoutMs: 60 })
    const unanswered = rejection(client.fetch('logs', 0), 'TIMED_OUT')
    await client.ping()
    await unanswered
    expect(broker.connectionCount).to.equal(1)
    await rejection(client.ping(), 'TIMED_OUT')
    await client.ping()
    expect(broker.connectionCount).to.equal(2)
  })

  it('says what the broker said when that belongs to no call', async () => {
    const broker = await ScriptedBroker.listen((_request, socket) => {
      socket.write(Buffer.from('\x0d\0\0\0ERR too many ', 'latin1'))
      return undefined
    })
    brokers.push(broker)
    const client = await connect({ host: '127.0.0.1', port: broker.port })
    const error = await rejection(client.ping(), 'CONNECTION_LOST')
    expect(error.message).to.contain('"ERR too many "')
  })

  describe('with several addresses', () => {
    it('uses the first that takes a connection, and the next when it is lost', async () => {
      const gone = await listen(() => undefined)
      const { port: deadPort } = gone
      await brokers.pop()?.close()
      const first = await listen(() => ({ kind: 'pong' }))
      const second = await listen(() => ({ kind: 'pong' }))
      const addresses = [deadPort, first.port, second.port].map((port) => ({ host: '127.0.0.1', port }))
      const client = await connect({ addresses })
      await client.ping()
      expect([first.connectionCount, second.connectionCount]).to.deep.equal([1, 0])
      await first.close()
      brokers.splice(brokers.indexOf(first), 1)
      // The client may have noticed by now, or not: then this call finds out.
      await client.ping().catch(() => undefined)
      await client.ping()
      expect(second.connectionCount).to.equal(1)
    })

    it('names each that cannot be reached', async () => {
      const ports = []
      for (let nth = 0; nth < 2; nth += 1) {
        const broker = await listenBinary(() => undefined)
        ports.push(broker.port)
        await broker.close()
      }
      const addresses = ports.map((port) => ({ host: '127.0.0.1', port }))
      const error = await rejection(WalrusClient.connect({ addresses }), 'CANNOT_CONNECT')
      const [one, other] = ports
      const refused = `"127.0.0.1:${one}": connection refused; "127.0.0.1:${other}": connection refused`
      expect(error.message).to.equal(`Cannot connect to any node: ${refused}`)
      await rejection(WalrusClient.connect({ addresses: [] }), 'INVALID_ARGUMENT')
    })

    it('tries again until there is one', async () => {
      const first = await listen(() => ({ kind: 'pong' }))
      const { port } = first
      const client = await connect({ host: '127.0.0.1', port, reconnectMs: 20_000 })
      await client.ping()
      await first.close()
      brokers.splice(0)
      const lost = await client.ping().then(
        () => 'pong',
        (error: ClientError) => error.code,
      )
      const call = lost === 'CONNECTION_LOST' ? client.ping() : Promise.resolve()
      brokers.push(await ScriptedBroker.listen((payload) => Buffer.from([0x80, ...payload.subarray(1, 5), 0]), port))
      await call
    })
  })

  describe('a tail', () => {
    it('gives entry after entry, waits for more, and survives what passes', async () => {
      const answers = [reply(3, ['a', 'b'], 5), reply(5, [], 5), new BrokerFailure('UNAVAILABLE'), reply(5, ['c'], 6)]
      const client = await start((_request, nth) => answers[nth])
      const found: string[] = []
      for await (const entry of client.tail('logs', { from: 3 })) {
        found.push(...texts([entry]))
        if (found.length === 3) break
      }
      expect(found).to.deep.equal(['3 a', '4 b', '5 c'])
      expect(requests.map((one) => (one.command === 'fetch' ? one.offset : -1))).to.deep.equal([3, 5, 5, 5])
    })

    it('begins at the end when it is told to', async () => {
      const client = await start((_request, nth) => (nth === 0 ? reply(0, [], 8) : reply(8, ['x'], 9)))
      for await (const entry of client.tail('logs', { from: 'newest' })) {
        expect(texts([entry])).to.deep.equal(['8 x'])
        break
      }
      expect(requests[0]).to.include({ maxEntries: 0, maxWaitMs: 0 })
    })

    it('ends quietly when it is aborted, though the broker is waiting', async () => {
      const abort = new AbortController()
      const client = await start((_request, nth) => {
        if (nth === 0) return reply(0, ['a'], 1)
        abort.abort()
        return undefined
      })
      const found: string[] = []
      for await (const entry of client.tail('logs', { signal: abort.signal })) found.push(...texts([entry]))
      expect(found).to.deep.equal(['0 a'])
    })

    it('throws what does not pass', async () => {
      const client = await start(() => new BrokerFailure('UNKNOWN_TOPIC'))
      await rejection(client.tail('logs').next(), 'UNKNOWN_TOPIC')
    })
  })

  describe('a producer', () => {
    it('sends what is appended together in one batch, and what comes meanwhile in the next', async () => {
      const client = await start((request) => stored(request))
      const producer = client.producer({ batchEntriesMax: 3 })
      const offsets = await Promise.all(['a', 'b', 'c', 'd'].map((text) => producer.append('logs', text)))
      expect(offsets).to.deep.equal([0, 1, 2, 3])
      expect(sequences()).to.deep.equal(['0+3', '3+1'])
      expect(await producer.append('logs', 'e')).to.equal(4)
      expect(sequences().at(-1)).to.equal('4+1')
    })

    it('sends a batch again, unchanged, until its outcome is known', async () => {
      const client = await start((request, nth) => {
        if (nth === 0) return new BrokerFailure('TIMED_OUT')
        return nth === 1 ? new BrokerFailure('UNAVAILABLE') : stored(request)
      })
      expect(await client.producer().append('logs', 'a')).to.equal(0)
      expect(requests).to.have.length(3)
      expect(requests[1]).to.deep.equal(requests[0])
      expect(requests[2]).to.deep.equal(requests[0])
    })

    it('counts anew after a batch that failed', async () => {
      const client = await start((request, nth) => (nth === 0 ? new BrokerFailure('DISK_FULL') : stored(request)))
      const producer = client.producer()
      await rejection(producer.append('logs', 'a'), 'REFUSED')
      await producer.append('logs', 'b')
      const [first, second] = requests.map((one) => (one.command === 'append' ? one.producer?.id : undefined))
      expect(first).to.not.equal(second)
      expect(sequences()).to.deep.equal(['0+1', '0+1'])
    })

    it('takes no more than may wait, nor anything once it is closed', async () => {
      const client = await start((request) => stored(request))
      const producer = client.producer({ waitingBytesMax: 10 })
      const first = producer.append('logs', 'x'.repeat(20))
      await rejection(producer.append('logs', 'y'), 'REFUSED')
      await first
      await producer.close()
      await rejection(producer.append('logs', 'z'), 'CLIENT_CLOSED')
      expect(requests).to.have.length(1)
    })

    it('checks its options', async () => {
      const client = await start(() => undefined)
      expect(() => client.producer({ batchEntriesMax: 0 })).to.throw('batchEntriesMax "0"')
    })
  })
})

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function reply(firstOffset: number, entries: readonly string[], highWatermark: number): EntriesReply {
  const list = entries.map((text, at) => ({ offset: firstOffset + at, timestampMs: 1, data: bytes(text) }))
  return { firstOffset, highWatermark, entries: list }
}

/** As a broker would that stores the producer's entries at offsets that are their sequences. */
function stored(request: BinaryRequest) {
  if (request.command !== 'append') return undefined
  return { firstOffset: request.producer?.sequence, count: request.entries.length }
}

function texts(entries: Iterable<{ readonly offset: number; readonly data: Uint8Array }>): string[] {
  return [...entries].map(({ offset, data }) => `${offset} ${Buffer.from(data).toString()}`)
}

async function rejection(call: Promise<unknown>, code: ClientErrorCode): Promise<ClientError> {
  const outcome: unknown = await call.then(
    () => 'resolved',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(ClientError)
  const error = outcome as ClientError
  expect(error.code, error.message).to.equal(code)
  return error
}
