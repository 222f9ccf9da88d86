import { expect } from 'chai'
import { frame } from '@walrus/protocol'
import { RawClient, randomBelow, seededRandom } from '@walrus/testing'
import { BrokerFixture } from './testing/broker-fixture.js'
import type { BrokerProcess } from './testing/broker-process.js'

const SEED = 20_250_101
const LONGEST_TOPIC = 't'.repeat(200)

/** Request and answer, in the order in which they are made on one connection. */
const CONVERSATION: readonly (readonly [string, string])[] = [
  ['GARBAGE', 'ERR unknown command'],
  ['put logs x', 'ERR unknown command'],
  [' ', 'ERR unknown command'],
  ['\n', 'ERR unknown command'],
  ['REGISTER', 'ERR REGISTER requires a topic'],
  ['PUT', 'ERR PUT requires a topic'],
  ['PUT logs', 'ERR PUT requires a payload'],
  ['GET', 'ERR GET requires a topic'],
  ['STATE', 'ERR STATE requires a topic'],
  ['PUT logs early', 'ERR unknown topic logs'],
  ['GET logs', 'ERR unknown topic logs'],
  ['STATE logs', 'ERR unknown topic logs'],
  ['REGISTER logs', 'OK'],
  ['REGISTER logs', 'OK'],
  ['REGISTER logs and words that are ignored', 'OK'],
  ['REGISTER logs\r\n', 'OK'],
  ['GET logs', 'EMPTY'],
  ['PUT logs one', 'OK'],
  ['PUT logs two words\tand\nlines', 'OK'],
  ['PUT logs trailing space and line end \r\n', 'OK'],
  ['PUT logs  leading space', 'OK'],
  ['PUT logs ', 'OK'],
  ['PUT logs zażółć 🦭', 'OK'],
  ['GET logs', 'OK one'],
  ['GET logs and words that are ignored', 'OK two words\tand\nlines'],
  ['GET logs\n', 'OK trailing space and line end \r\n'],
  ['GET logs', 'OK  leading space'],
  ['GET logs', 'OK '],
  ['GET logs', 'OK zażółć 🦭'],
  ['GET logs', 'EMPTY'],
  ['GET logs', 'EMPTY'],
  [`REGISTER ${LONGEST_TOPIC}`, 'OK'],
  [`PUT ${LONGEST_TOPIC} x`, 'OK'],
  [`GET ${LONGEST_TOPIC}`, 'OK x'],
]

describe('wire protocol', () => {
  let fixture: BrokerFixture
  let broker: BrokerProcess
  let client: RawClient

  before(async () => {
    fixture = await BrokerFixture.create()
    broker = await fixture.start()
  })

  after(() => fixture.dispose())

  beforeEach(async () => {
    client = await RawClient.connect(broker.port)
  })

  afterEach(() => client.destroy())

  async function registered(topic: string): Promise<void> {
    expect(await client.ask(`REGISTER ${topic}`)).to.equal('OK')
  }

  it('answers each line of the text dialect as the original does, or as we said that we would', async () => {
    for (const [request, answer] of CONVERSATION) expect(await client.ask(request), request).to.equal(answer)
  })

  it('refuses topics that are no names, with a reason, and registers none of them', async () => {
    for (const topic of ['.', '..', 'a/b', 'zażółć', 'a"b', `${LONGEST_TOPIC}t`]) {
      expect(await client.ask(`REGISTER ${topic}`), topic).to.match(/^ERR invalid topic: ".*": .+/)
    }
    expect(await client.ask('REGISTER  spaced')).to.match(/^ERR invalid topic: "": .+/)
    expect(await client.ask('GET spaced')).to.equal('ERR unknown topic spaced')
  })

  it('refuses a verb or topic that is no text, and goes on', async () => {
    expect(await client.ask(Uint8Array.of(0xff, 0xfe))).to.match(/^ERR (invalid utf-8|unknown command)$/)
    expect(await client.ask(Buffer.concat([Buffer.from('GET '), Uint8Array.of(0xff)]))).to.match(/^ERR invalid /)
    await registered('after-bad-text')
  })

  it('keeps a payload of any bytes exactly', async () => {
    await registered('binary')
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const large = Buffer.alloc(3_000_000, everyByte)
    for (const payload of [everyByte, large, Buffer.from('PUT binary \0\n'), new Uint8Array()]) {
      expect(await client.ask(Buffer.concat([Buffer.from('PUT binary '), payload]))).to.equal('OK')
      client.send('GET binary')
      const answer = await client.nextFrame()
      expect(answer.subarray(0, 3).toString()).to.equal('OK ')
      expect(answer.subarray(3).equals(payload)).to.equal(true)
    }
  })

  it('understands a conversation cut at every byte, and in single bytes', async () => {
    await registered('pieces')
    const requests = ['PUT pieces first', 'PUT pieces second', 'GET pieces', 'GET pieces', 'GET pieces']
    const answers = ['OK', 'OK', 'OK first', 'OK second', 'EMPTY']
    const stream = Buffer.concat(requests.map((request) => frame(Buffer.from(request))))
    for (let cut = 1; cut < stream.length; cut++) {
      client.sendBytes(stream.subarray(0, cut))
      await client.flushed()
      client.sendBytes(stream.subarray(cut))
      expect(await client.nextTexts(5), `cut at ${cut}`).to.deep.equal(answers)
    }
    for (const byte of stream) {
      client.sendBytes(Uint8Array.of(byte))
      await client.flushed()
    }
    expect(await client.nextTexts(5)).to.deep.equal(answers)
  })

  it('answers 10,000 pipelined PUTs in order, and gives them back in order', async () => {
    await registered('pipeline')
    const puts = Array.from({ length: 10_000 }, (_, i) => frame(Buffer.from(`PUT pipeline ${i}`)))
    client.sendBytes(Buffer.concat([...puts, frame(Buffer.from('NONSENSE'))]))
    const answers = await client.nextTexts(10_001)
    expect(answers.pop()).to.equal('ERR unknown command')
    expect(new Set(answers)).to.deep.equal(new Set(['OK']))
    client.sendBytes(Buffer.concat(Array.from({ length: 10_001 }, () => frame(Buffer.from('GET pipeline')))))
    const entries = await client.nextTexts(10_001)
    expect(entries).to.deep.equal([...Array.from({ length: 10_000 }, (_, i) => `OK ${i}`), 'EMPTY'])
  })

  it('answers different commands of one connection in the order of the requests', async () => {
    await registered('mixed')
    for (const request of ['PUT mixed a', 'STATE nowhere', 'GET mixed', 'METRICS', 'PUT mixed b', 'GET mixed'])
      client.send(request)
    const [put, state, get, metrics, ...last] = await client.nextTexts(6)
    expect([put, state, get]).to.deep.equal(['OK', 'ERR unknown topic nowhere', 'OK a'])
    expect(metrics).to.match(/^\{/)
    expect(last).to.deep.equal(['OK', 'OK b'])
  })

  it('gives each entry to one of many readers', async () => {
    await registered('shared')
    for (let i = 0; i < 200; i++) client.send(`PUT shared ${i}`)
    await client.nextTexts(200)
    const readers = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(broker.port)))
    const taken = await Promise.all(
      readers.map(async (reader) => {
        for (let i = 0; i < 25; i++) reader.send('GET shared')
        return reader.nextTexts(25)
      }),
    )
    expect(taken.flat().sort()).to.deep.equal(Array.from({ length: 200 }, (_, i) => `OK ${i}`).sort())
    expect(await client.ask('GET shared')).to.equal('EMPTY')
    await Promise.all(readers.map((reader) => reader.destroy()))
  })

  it('shows a topic in STATE as compact JSON', async () => {
    await registered('shown')
    const text = await client.ask('STATE shown')
    expect(JSON.parse(text)).to.deep.include({
      current_segment: 1,
      leader_node: 1,
      last_sealed_entry_offset: 0,
      sealed_segments: {},
      segment_leaders: { '1': 1 },
    })
    expect(text).not.to.match(/\n|: |, /)
  })

  it('shows the consensus in METRICS as indented JSON with every field of the original', async () => {
    await registered('counted')
    const text = await client.ask('METRICS')
    const metrics = JSON.parse(text) as Record<string, unknown>
    expect(Object.keys(metrics).sort().join(' ')).to.equal(
      'current_leader current_term heartbeat id last_applied last_log_index last_quorum_acked membership_config ' +
        'millis_since_quorum_ack purged replication running_state snapshot state vote',
    )
    const index = metrics['last_log_index'] as number
    expect(index).to.be.at.least(2)
    const term = metrics['current_term'] as number
    expect(term).to.be.at.least(1)
    const appliedLog = { leader_id: { term, node_id: 1 }, index }
    expect(metrics).to.deep.include({
      running_state: { Ok: null },
      id: 1,
      vote: { leader_id: { term, node_id: 1 }, committed: true },
      millis_since_quorum_ack: 0,
      state: 'Leader',
      current_leader: 1,
      last_applied: appliedLog,
      replication: { '1': appliedLog },
    })
    expect(metrics['membership_config'])
      .to.have.property('membership')
      .that.deep.includes({ configs: [[1]] })
      .and.has.nested.property('nodes.1.addr')
      .that.matches(/^127\.0\.0\.1:\d+$/)
    expect(text.startsWith('{\n  "')).to.equal(true)
    expect(await client.ask('METRICS ignored')).to.match(/^\{/)
  })

  for (const { name, bytes, answer } of [
    { name: 'a zero-length frame', bytes: [0, 0, 0, 0], answer: 'ERR invalid frame length' },
    {
      name: 'an oversize frame',
      bytes: [0, 0x2d, 0x31, 0x01],
      answer: 'ERR invalid frame length: 20000000 exceeds 16777216',
    },
    {
      name: 'text without a frame',
      bytes: [...Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      answer: 'ERR invalid frame length: 542393671 exceeds 16777216',
    },
  ]) {
    it(`answers ${name} after what came before it, then closes, and others notice nothing`, async () => {
      const other = await RawClient.connect(broker.port)
      await registered('bystander')
      client.sendBytes(
        Buffer.concat([frame(Buffer.from('PUT bystander x')), Uint8Array.from(bytes), Buffer.alloc(100_000, 7)]),
      )
      expect(await client.nextTexts(2)).to.deep.equal(['OK', answer])
      await client.whenClosed()
      expect(client.frameCount).to.equal(0)
      expect(await other.ask('GET bystander')).to.equal('OK x')
      await other.destroy()
    })
  }

  it('survives random bytes, on 200 connections', async () => {
    await registered('steady')
    const random = seededRandom(SEED)
    for (let i = 0; i < 200; i++) {
      const garbler = await RawClient.connect(broker.port)
      const bytes = Buffer.from(Array.from({ length: 1 + randomBelow(random, 300) }, () => randomBelow(random, 256)))
      // Half of them in frames, so that the commands get something to chew on too.
      if (i % 2 === 0) garbler.sendBytes(bytes)
      else garbler.send(bytes)
      await garbler.flushed()
      garbler.end()
      await garbler.whenClosed()
    }
    expect(await client.ask('PUT steady on'), `seed ${SEED}`).to.equal('OK')
    expect(await client.ask('GET steady')).to.equal('OK on')
  })

  it('survives clients that leave in the middle of a frame, of a header, and of their answers', async () => {
    await registered('abandoned')
    for (const bytes of [[5, 0, 0, 0, 71], [5, 0], []]) {
      const quitter = await RawClient.connect(broker.port)
      for (let i = 0; i < 100; i++) quitter.send(`PUT abandoned ${i}`)
      quitter.sendBytes(Uint8Array.from(bytes))
      await quitter.flushed()
      await quitter.destroy()
    }
    expect(await client.ask('STATE abandoned')).to.match(/^\{/)
  })
})

describe('wire protocol with a small frame limit', () => {
  it('accepts a frame of exactly the limit and names the limit for one byte more', async () => {
    const fixture = await BrokerFixture.create()
    const broker = await fixture.start({ flags: ['--max-frame-bytes', '1024'] })
    const client = await RawClient.connect(broker.port)
    await client.ask('REGISTER t')
    expect(await client.ask(`PUT t ${'x'.repeat(1018)}`)).to.equal('OK')
    expect(await client.ask(`PUT t ${'x'.repeat(1019)}`)).to.equal('ERR invalid frame length: 1025 exceeds 1024')
    await client.whenClosed()
    await fixture.dispose()
  })
})
