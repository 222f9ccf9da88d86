import { expect } from 'chai'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { frame } from '@walrus/protocol'
import { RawClient } from '@walrus/testing'
import { BrokerFixture } from './testing/broker-fixture.js'

const ROLLOVER_AT_10 = { variables: { WALRUS_MAX_SEGMENT_ENTRIES: '10' } }

const IN_FLIGHT = 256

/** Puts entries `first`, `first + 1`, … as fast as they go, and counts the answers until the connection is gone. */
class Writer {
  acknowledgedCount = 0
  readonly #client: RawClient
  readonly #topic: string

  constructor(client: RawClient, topic: string) {
    this.#client = client
    this.#topic = topic
  }

  /** Resolves when all are acknowledged or the connection is gone; never more than so many are on their way. */
  async put(count: number, onAcknowledged: () => void): Promise<void> {
    let sentCount = 0
    try {
      while (this.acknowledgedCount < count) {
        for (; sentCount < Math.min(count, this.acknowledgedCount + IN_FLIGHT); sentCount++) {
          this.#client.send(`PUT ${this.#topic} ${this.#topic}-${sentCount}`)
        }
        expect(await this.#client.nextText()).to.equal('OK')
        this.acknowledgedCount += 1
        onAcknowledged()
      }
    } catch (thrown) {
      if (!this.#client.closed) throw thrown
    }
  }
}

describe('durability', () => {
  let fixture: BrokerFixture
  const clients: RawClient[] = []

  beforeEach(async () => {
    fixture = await BrokerFixture.create()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.destroy()
    await fixture.dispose()
  })

  async function connect(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port)
    clients.push(client)
    return client
  }

  async function put(client: RawClient, topic: string, from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) client.send(`PUT ${topic} ${i}`)
    expect(new Set(await client.nextTexts(to - from))).to.deep.equal(new Set(['OK']))
  }

  /** Everything up to EMPTY, without the OK in front. */
  async function drain(client: RawClient, topic: string): Promise<string[]> {
    const entries: string[] = []
    for (;;) {
      client.sendBytes(Buffer.concat(Array.from({ length: 500 }, () => frame(Buffer.from(`GET ${topic}`)))))
      const answers = await client.nextTexts(500)
      const found = answers.filter((answer) => answer !== 'EMPTY')
      entries.push(...found.map((answer) => answer.replace(/^OK /, '')))
      if (found.length < answers.length) return entries
    }
  }

  async function stateOf(client: RawClient, topic: string): Promise<Record<string, unknown>> {
    return JSON.parse(await client.ask(`STATE ${topic}`)) as Record<string, unknown>
  }

  it('has every acknowledged entry once and in order after kill -9 in the middle of 50,000 PUTs', async function () {
    this.timeout(60_000)
    const broker = await fixture.start()
    const topics = ['north', 'east', 'south', 'west']
    const writers = await Promise.all(
      topics.map(async (topic) => {
        const client = await connect(broker.port)
        await client.ask(`REGISTER ${topic}`)
        return new Writer(client, topic)
      }),
    )
    let total = 0
    const countAndKill = () => {
      total += 1
      if (total === 25_000) broker.signal('SIGKILL')
    }
    await Promise.all(writers.map((writer) => writer.put(12_500, countAndKill)))
    expect((await broker.exited).signal).to.equal('SIGKILL')
    expect(total).to.be.within(25_000, 49_999)

    const reader = await connect((await fixture.start()).port)
    for (const [index, topic] of topics.entries()) {
      const entries = await drain(reader, topic)
      expect(entries.length).to.be.at.least(writers[index]!.acknowledgedCount)
      expect(entries).to.deep.equal(Array.from(entries, (_, i) => `${topic}-${i}`))
    }
  })

  it('keeps entries and the shared cursor over three restarts in a row, clean and not', async () => {
    const expected: string[] = []
    for (const [round, signal] of (['SIGKILL', 'SIGTERM', 'SIGKILL'] as const).entries()) {
      const broker = await fixture.start()
      const client = await connect(broker.port)
      await client.ask('REGISTER logs')
      await put(client, 'logs', round * 100, round * 100 + 100)
      for (let i = 0; i < 30; i++) expect(await client.ask('GET logs')).to.equal(`OK ${round * 30 + i}`)
      expected.push(...Array.from({ length: 100 }, (_, i) => `${round * 100 + i}`))
      await broker.stop(signal)
    }
    const client = await connect((await fixture.start()).port)
    expect(await drain(client, 'logs')).to.deep.equal(expected.slice(90))
  })

  it('delivers no entry twice when kill -9 hits a reader, and loses at most the answers that were on their way', async () => {
    const broker = await fixture.start()
    const client = await connect(broker.port)
    await client.ask('REGISTER logs')
    await put(client, 'logs', 0, 5000)
    for (let i = 0; i < 5000; i++) client.send('GET logs')
    const delivered: string[] = []
    try {
      for (;;) {
        delivered.push((await client.nextText()).replace(/^OK /, ''))
        if (delivered.length === 1000) broker.signal('SIGKILL')
      }
    } catch {
      await broker.exited
    }
    expect(delivered).to.deep.equal(Array.from(delivered, (_, i) => `${i}`))
    const reader = await connect((await fixture.start()).port)
    const rest = await drain(reader, 'logs')
    const first = Number(rest[0] ?? 5000)
    expect(first).to.be.within(delivered.length, delivered.length + 2048)
    expect(rest).to.deep.equal(Array.from({ length: 5000 - first }, (_, i) => `${first + i}`))
  })

  for (const schedule of ['5ms', 'none']) {
    it(`keeps everything over a clean stop with --fsync ${schedule}`, async () => {
      const flags = ['--fsync', schedule]
      const broker = await fixture.start({ flags })
      const client = await connect(broker.port)
      await client.ask('REGISTER logs')
      await put(client, 'logs', 0, 1000)
      expect(await client.ask('GET logs')).to.equal('OK 0')
      expect(await broker.stop('SIGTERM')).to.deep.equal({ code: 0, signal: null })
      const reader = await connect((await fixture.start({ flags })).port)
      expect(await drain(reader, 'logs')).to.deep.equal(Array.from({ length: 999 }, (_, i) => `${i + 1}`))
    })
  }

  it('refuses to start on a log whose file is damaged at its head, in one line', async () => {
    const broker = await fixture.start()
    const client = await connect(broker.port)
    await client.ask('REGISTER logs')
    await put(client, 'logs', 0, 10)
    await broker.stop('SIGTERM')
    const directory = join(fixture.dataDir, 'node_1', 'log')
    const [name = ''] = (await readdir(directory)).filter((one) => one.endsWith('.blocks'))
    const file = await open(join(directory, name), 'r+')
    await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 0)
    await file.close()
    const process = fixture.spawn({ flags: ['--client-port', '0'] })
    expect((await process.exited).code).to.equal(1)
    expect(process.stderr).to.match(/^walrus-broker: Cannot trust "[^"]+": [^\n]+\n$/)
  })

  it('survives starts that are killed before they are ready', async () => {
    const broker = await fixture.start()
    const client = await connect(broker.port)
    await client.ask('REGISTER logs')
    await put(client, 'logs', 0, 1000)
    await broker.stop('SIGKILL')
    for (let i = 0; i < 3; i++) {
      const hasty = fixture.spawn({ flags: ['--client-port', '0'] })
      hasty.signal('SIGKILL')
      await hasty.exited
    }
    const reader = await connect((await fixture.start()).port)
    expect(await drain(reader, 'logs')).to.deep.equal(Array.from({ length: 1000 }, (_, i) => `${i}`))
  })

  it('rolls over every 10 entries with exact counts, and reads across the segments', async () => {
    const client = await connect((await fixture.start(ROLLOVER_AT_10)).port)
    await client.ask('REGISTER logs')
    await put(client, 'logs', 0, 105)
    const sealed = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [String(i + 1), 10]))
    expect(await stateOf(client, 'logs')).to.deep.include({
      current_segment: 11,
      last_sealed_entry_offset: 100,
      sealed_segments: sealed,
    })
    expect(await drain(client, 'logs')).to.deep.equal(Array.from({ length: 105 }, (_, i) => `${i}`))
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`goes on in the middle of a segment after ${signal}, and rolls over at exactly 10`, async () => {
      const broker = await fixture.start(ROLLOVER_AT_10)
      const writer = await connect(broker.port)
      await writer.ask('REGISTER logs')
      await put(writer, 'logs', 0, 15)
      for (let i = 0; i < 13; i++) expect(await writer.ask('GET logs')).to.equal(`OK ${i}`)
      await broker.stop(signal)

      const client = await connect((await fixture.start(ROLLOVER_AT_10)).port)
      expect(await stateOf(client, 'logs')).to.deep.include({ current_segment: 2, sealed_segments: { '1': 10 } })
      await put(client, 'logs', 15, 32)
      expect(await stateOf(client, 'logs')).to.deep.include({
        current_segment: 4,
        last_sealed_entry_offset: 30,
        sealed_segments: { '1': 10, '2': 10, '3': 10 },
      })
      expect(await drain(client, 'logs')).to.deep.equal(Array.from({ length: 19 }, (_, i) => `${i + 13}`))
    })
  }

  it('has every acknowledged entry once and in order after kill -9 in the middle of rollovers', async () => {
    const broker = await fixture.start(ROLLOVER_AT_10)
    const client = await connect(broker.port)
    await client.ask('REGISTER logs')
    const writer = new Writer(client, 'logs')
    await writer.put(3000, () => {
      if (writer.acknowledgedCount === 1000) broker.signal('SIGKILL')
    })
    const reader = await connect((await fixture.start(ROLLOVER_AT_10)).port)
    const entries = await drain(reader, 'logs')
    expect(entries.length).to.be.at.least(writer.acknowledgedCount)
    expect(entries).to.deep.equal(Array.from(entries, (_, i) => `logs-${i}`))
    const { sealed_segments: sealed } = await stateOf(reader, 'logs')
    expect(new Set(Object.values(sealed as Record<string, number>))).to.deep.equal(new Set([10]))
  })
})
