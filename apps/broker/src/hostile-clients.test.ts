import { existsSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import {
  binaryCommands,
  binaryRequestFrame,
  BinaryFrameWriter,
  parseBinaryAnswer,
  setRequestId,
  type BinaryRequest,
} from '@walrus/protocol'
import { randomBelow, RawClient, seededRandom, type Random } from '@walrus/testing'
import { BrokerFixture } from './testing/broker-fixture.js'
import type { BrokerProcess } from './testing/broker-process.js'

const TOPIC = 'logs'
const READ = { maxEntries: 10, maxBytes: 1000, maxWaitMs: 0 } as const

/** One good request of each kind, from which bad ones are made. */
const GOOD: readonly BinaryRequest[] = [
  { command: 'ping' },
  { command: 'append', topic: TOPIC, producer: { id: 5, sequence: 0 }, entries: [Buffer.from('one'), Buffer.from('')] },
  { command: 'append', topic: TOPIC, producer: undefined, entries: [Buffer.from('two')] },
  { command: 'fetch', topic: TOPIC, offset: 0, ...READ },
  { command: 'next', topic: TOPIC, cursor: 'mine', ...READ },
  { command: 'moveCursor', topic: TOPIC, cursor: 'mine', move: 'commit', offset: 1 },
  { command: 'admin', operation: 'topic.list', parameters: {} },
  { command: 'admin', operation: 'topic.describe', parameters: { topic: TOPIC } },
]

function framed(payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeUInt32LE(payload.length)
  frame.set(payload, 4)
  return frame
}

function request(id: number, body: BinaryRequest): Uint8Array {
  const frame = binaryRequestFrame(body)
  setRequestId(frame, id)
  return frame
}

/** Bytes that differ from a good request's in a few places, or in their number; the first byte stays a binary one. */
function mutated(random: Random): Uint8Array {
  const good = GOOD[randomBelow(random, GOOD.length)] ?? GOOD[0]
  const payload = Uint8Array.from(request(1, good!).subarray(4))
  const length = Math.max(1, random() < 0.3 ? randomBelow(random, payload.length + 1) : payload.length)
  const changed = Uint8Array.from({ length: length + (random() < 0.1 ? 7 : 0) }, (_, at) => payload[at] ?? 0xff)
  for (let change = randomBelow(random, 4); change > 0; change -= 1) {
    changed[randomBelow(random, changed.length)] = randomBelow(random, 256)
  }
  const code = 0x80 | (changed[0]! & 0x3f)
  // A wait would only make the test slow: its length is the last field of a read.
  if (code === binaryCommands.fetch.code || code === binaryCommands.next.code) changed.fill(0, -4)
  changed[0] = code
  return changed
}

function residentBytes(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

describe('hostile clients', () => {
  let fixture: BrokerFixture
  let broker: BrokerProcess
  let witness: RawClient
  const clients: RawClient[] = []

  beforeEach(async () => {
    fixture = await BrokerFixture.create()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.destroy()
    await fixture.dispose()
  })

  async function start(...flags: readonly string[]): Promise<void> {
    broker = await fixture.start({ flags })
    witness = await connect()
    expect(await witness.ask(`REGISTER ${TOPIC}`)).to.equal('OK')
  }

  async function connect(): Promise<RawClient> {
    const client = await RawClient.connect(broker.port)
    clients.push(client)
    return client
  }

  /** The node serves others as ever. */
  async function isWell(): Promise<void> {
    expect(broker.running).to.equal(true)
    expect(await witness.ask(`PUT ${TOPIC} well`)).to.equal('OK')
    expect(broker.stderr, 'no error is logged').to.not.match(/"level":[56]0/)
  }

  it('that send mutated binary frames get one answer each, and harm nobody', async () => {
    await start()
    const client = await connect()
    const random = seededRandom(20_260_101)
    for (let round = 0; round < 20; round += 1) {
      const frames = Array.from({ length: 100 }, () => framed(mutated(random)))
      client.sendBytes(Buffer.concat(frames))
      for (let answer = 0; answer < frames.length; answer += 1) {
        const payload = await client.nextFrame()
        expect(parseBinaryAnswer(payload, 0, payload.length), payload.toString('latin1')).to.not.equal(undefined)
      }
    }
    await isWell()
  })

  it('that send nothing but noise behind a binary byte get one answer each', async () => {
    await start()
    const client = await connect()
    const random = seededRandom(7)
    for (let nth = 0; nth < 1000; nth += 1) {
      const noise = Uint8Array.from({ length: 1 + randomBelow(random, 300) }, () => randomBelow(random, 256))
      noise[0] = 0x80 | (noise[0]! & 0x3f)
      if (noise[0] <= binaryCommands.next.code && noise[0] >= binaryCommands.fetch.code) noise.fill(0, 5)
      client.sendBytes(framed(noise))
    }
    for (let nth = 0; nth < 1000; nth += 1) await client.nextFrame()
    await isWell()
  })

  it('that announce four gigabytes, in a frame or in a field, get an error at once', async () => {
    await start()
    const frame = await connect()
    frame.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x81]))
    expect(await frame.nextText()).to.equal('ERR invalid frame length: 4294967295 exceeds 16777216')
    await frame.whenClosed()
    const field = await connect()
    const append = Uint8Array.from(request(9, GOOD[2]!))
    append.fill(0xff, 4 + 5 + 1 + TOPIC.length + 16, 4 + 5 + 1 + TOPIC.length + 20)
    field.sendBytes(append)
    const payload = await field.nextFrame()
    expect(parseBinaryAnswer(payload, 0, payload.length)).to.include({ id: 9, errorCode: 'INVALID_ARGUMENT' })
    await isWell()
  })

  it('that send JSON of great depth or length get an error', async () => {
    await start()
    const client = await connect()
    const name = 'topic.describe'
    for (const json of [
      '['.repeat(60_000),
      `{"topic":"${'x'.repeat(1 << 20)}"}`,
      '{"topic":{}}',
      '"',
      '{"__proto__":{}}',
    ]) {
      const head = Buffer.from([binaryCommands.admin.code, 1, 0, 0, 0, 1, name.length])
      client.sendBytes(framed(Buffer.concat([head, Buffer.from(name), Buffer.from(json)])))
      const payload = await client.nextFrame()
      expect(parseBinaryAnswer(payload, 0, payload.length)).to.include({ errorCode: 'INVALID_ARGUMENT' })
    }
    await isWell()
  })

  it('that send their bytes one by one, or half of them, hold up nobody', async () => {
    await start()
    const slow = await Promise.all(Array.from({ length: 300 }, () => connect()))
    const announced = Buffer.from([0, 0, 0xff, 0, binaryCommands.append.code, 1, 0, 0, 0])
    for (const byte of announced) {
      for (const client of slow) client.sendBytes(Buffer.of(byte))
      await isWell()
    }
    if (existsSync('/proc/self/status')) expect(residentBytes(broker.pid)).to.be.below(400 << 20)
    expect(slow.filter((client) => client.closed)).to.have.length(0)
  })

  it('that never read are read no further, in bounded memory, while others are served', async () => {
    await start('--max-pending-bytes', String(1 << 20))
    const entries = Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'x'))
    const writer = await connect()
    writer.sendBytes(request(1, { command: 'append', topic: TOPIC, producer: undefined, entries }))
    await writer.nextFrame()
    const before = existsSync('/proc/self/status') ? residentBytes(broker.pid) : 0
    const greedy = await Promise.all(Array.from({ length: 10 }, () => connect()))
    const read = {
      command: 'fetch',
      topic: TOPIC,
      offset: 0,
      maxEntries: 100,
      maxBytes: 1 << 20,
      maxWaitMs: 0,
    } as const
    for (const client of greedy) {
      client.pause()
      for (let id = 1; id <= 300; id += 1) client.sendBytes(request(id, read))
    }
    for (let trip = 0; trip < 200; trip += 1) await isWell()
    // 3,000 answers of a megabyte; each connection may hold about one, and what the sockets take.
    if (before > 0) expect(residentBytes(broker.pid) - before).to.be.below(300 << 20)
    const [one] = greedy as [RawClient]
    one.resume()
    const ids = new Set<number>()
    for (let nth = 0; nth < 300; nth += 1) {
      const payload = await one.nextFrame()
      const answer = parseBinaryAnswer(payload, 0, payload.length)
      if (answer !== undefined) ids.add(answer.id)
    }
    expect(ids.size).to.equal(300)
  })

  it('that wait in great numbers are refused one by one, and forgotten when they leave', async () => {
    await start()
    const client = await connect()
    const wait = { command: 'fetch', topic: TOPIC, offset: 1_000_000, ...READ, maxWaitMs: 60_000 } as const
    const writer = new BinaryFrameWriter()
    for (let id = 1; id <= 1000; id += 1) writer.addRequest(id, wait)
    client.sendBytes(writer.take())
    for (let refused = 0; refused < 1000 - 64; refused += 1) {
      const payload = await client.nextFrame()
      expect(parseBinaryAnswer(payload, 0, payload.length)).to.include({ errorCode: 'UNAVAILABLE' })
    }
    expect(await client.ask(`PUT ${TOPIC} beside`)).to.equal('OK')
    await client.destroy()
    const stopping = performance.now()
    await isWell()
    expect(await broker.stop('SIGTERM')).to.deep.equal({ code: 0, signal: null })
    expect(performance.now() - stopping, 'nobody waits for those who wait').to.be.below(30_000)
  })

  it('are answered for what waits when the node stops', async () => {
    await start()
    const client = await connect()
    client.sendBytes(request(4, { command: 'fetch', topic: TOPIC, offset: 5, ...READ, maxWaitMs: 60_000 }))
    client.sendBytes(request(5, { command: 'ping' }))
    const pong = await client.nextFrame()
    expect(parseBinaryAnswer(pong, 0, pong.length)).to.include({ id: 5, status: 'ok' })
    const stopped = broker.stop('SIGTERM')
    const payload = await client.nextFrame()
    expect(parseBinaryAnswer(payload, 0, payload.length)).to.include({ id: 4, status: 'ok' })
    expect(await stopped).to.deep.equal({ code: 0, signal: null })
  })
})
