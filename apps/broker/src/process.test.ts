import { expect } from 'chai'
import { once } from 'node:events'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { RawClient } from '@walrus/testing'
import { BrokerFixture } from './testing/broker-fixture.js'
import { BrokerProcess } from './testing/broker-process.js'

describe('broker process', () => {
  let fixture: BrokerFixture

  beforeEach(async () => {
    fixture = await BrokerFixture.create()
  })

  afterEach(() => fixture.dispose())

  it('prints its help and its version, and exits 0', async () => {
    for (const [flag, words] of [
      ['--help', 'Usage: walrus-broker'],
      ['--version', '0.1.0'],
    ] as const) {
      const process = BrokerProcess.spawn({ flags: [flag] })
      expect(await process.exited).to.deep.equal({ code: 0, signal: null })
      expect(process.stdout).to.contain(words)
      expect(process.stderr).to.equal('')
    }
  })

  for (const flags of [['--client-port', 'x'], ['--storage', 'tape'], ['--join', 'nowhere'], ['--no-such-flag']]) {
    it(`answers ${flags.join(' ')} with one line and exit code 2`, async () => {
      const process = BrokerProcess.spawn({ flags })
      expect(await process.exited).to.deep.equal({ code: 2, signal: null })
      expect(process.stderr).to.match(/^walrus-broker: Cannot [^\n]+\n$/)
      expect(process.stdout).to.equal('')
    })
  }

  it('says in one line that io_uring was asked for and is forbidden, and exits 1', async () => {
    const flags = ['--storage', 'uring', '--data-dir', fixture.dataDir]
    const process = BrokerProcess.spawn({ flags, variables: { WALRUS_DISABLE_IO_URING: '1' } })
    expect(await process.exited).to.deep.equal({ code: 1, signal: null })
    expect(process.stderr).to.equal('walrus-broker: Cannot use storage "uring": WALRUS_DISABLE_IO_URING is set\n')
  })

  it('says in one line that memory has no disk quota, and exits 1', async () => {
    const process = BrokerProcess.spawn({ flags: ['--storage', 'memory', '--disk-quota-bytes', '1000'] })
    expect(await process.exited).to.deep.equal({ code: 1, signal: null })
    expect(process.stderr).to.equal('walrus-broker: Cannot use --disk-quota-bytes "1000": memory is no disk\n')
  })

  it('refuses appends beyond its disk quota, and keeps what it has acknowledged', async () => {
    const flags = ['--disk-quota-bytes', '12000000', '--max-frame-bytes', '8000000']
    const broker = await fixture.start({ flags })
    const client = await RawClient.connect(broker.port)
    expect(await client.ask('REGISTER logs')).to.equal('OK')
    expect(await client.ask(`PUT logs ${'x'.repeat(3_000_000)}`)).to.equal('OK')
    expect(await client.ask(`PUT logs ${'y'.repeat(7_000_000)}`)).to.match(/^ERR Cannot .*quota is 12000000 bytes/)
    expect((await client.ask('GET logs')).length).to.equal('OK '.length + 3_000_000)
    client.end()
  })

  it('does not take what is stored for deleted when the directory of the metadata is gone', async () => {
    const broker = await fixture.start()
    const client = await RawClient.connect(broker.port)
    for (const command of ['REGISTER logs', 'PUT logs precious']) expect(await client.ask(command)).to.equal('OK')
    await client.destroy()
    await broker.stop('SIGKILL')
    await rename(join(fixture.dataDir, 'node_1', 'raft'), join(fixture.dataDir, 'elsewhere'))
    const lost = fixture.spawn()
    expect(await lost.exited).to.deep.equal({ code: 1, signal: null })
    expect(lost.stderr).to.match(
      /^walrus-broker: Cannot use "[^\n]+log": it has 1 segments, and "[^\n]+raft", which [^\n]+\n$/,
    )
    await rm(join(fixture.dataDir, 'node_1', 'raft'), { recursive: true })
    await rename(join(fixture.dataDir, 'elsewhere'), join(fixture.dataDir, 'node_1', 'raft'))
    const found = await RawClient.connect((await fixture.start()).port)
    expect(await found.ask('GET logs')).to.equal('OK precious')
    await found.destroy()
  })

  it('answers a bad variable with one line and exit code 2', async () => {
    const process = BrokerProcess.spawn({ variables: { WALRUS_MAX_SEGMENT_ENTRIES: 'many' } })
    expect((await process.exited).code).to.equal(2)
    expect(process.stderr).to.match(/^walrus-broker: Cannot use WALRUS_MAX_SEGMENT_ENTRIES "many": [^\n]+\n$/)
  })

  it('says in one line that it is ready, what it is worth and how to talk to it', async () => {
    const broker = await fixture.start()
    expect(broker.stdout).to.equal(
      `Walrus node 1 is ready: clients on 127.0.0.1:${broker.port}, storage fd in ${fixture.dataDir}/node_1, ` +
        `acknowledged after fsync. Talk to it: npx walrus-cli --addr 127.0.0.1:${broker.port}\n`,
    )
  })

  it('says in one line that its port is in use, and exits 1', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as AddressInfo
    const process = fixture.spawn({ flags: ['--client-port', String(port)] })
    expect((await process.exited).code).to.equal(1)
    expect(process.stderr).to.equal(
      `walrus-broker: Cannot listen for clients on "127.0.0.1:${port}": the address is in use\n`,
    )
    squatter.close()
  })

  it('says in one line that its directory cannot be used, and exits 1', async () => {
    await writeFile(join(fixture.dataDir, 'node_1'), 'in the way')
    const process = fixture.spawn({ flags: ['--client-port', '0'] })
    expect((await process.exited).code).to.equal(1)
    expect(process.stderr).to.match(/^walrus-broker: Cannot [^\n]*node_1[^\n]*: [^\n]+\n$/)
  })

  it('says in one line that another process has its directory, and leaves that one alone', async () => {
    const first = await fixture.start()
    const second = fixture.spawn({ flags: ['--client-port', '0'] })
    expect((await second.exited).code).to.equal(1)
    expect(second.stderr).to.match(/^walrus-broker: Cannot open "[^"]+": directory is locked by process \d+\n$/)
    const client = await RawClient.connect(first.port)
    expect(await client.ask('REGISTER logs')).to.equal('OK')
    await client.destroy()
  })

  it('takes two nodes on one data directory, in folders of their own', async () => {
    const first = await fixture.start({ flags: ['--node-id', '1'] })
    const second = await fixture.start({ flags: ['--node-id', '2'] })
    const client = await RawClient.connect(second.port)
    expect(JSON.parse(await client.ask('METRICS'))).to.include({ id: 2, current_leader: 2 })
    await client.destroy()
    expect(first.running).to.equal(true)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`answers what was accepted at ${signal}, closes its connections and exits 0`, async () => {
      const broker = await fixture.start()
      const client = await RawClient.connect(broker.port)
      const idle = await RawClient.connect(broker.port)
      await client.ask('REGISTER logs')
      for (let i = 0; i < 1000; i++) client.send(`PUT logs entry ${i}`)
      await client.nextText()
      broker.signal(signal)
      await Promise.all([client.whenClosed(), idle.whenClosed()])
      expect(await broker.exited).to.deep.equal({ code: 0, signal: null })
      const acknowledged = 1 + client.frameCount
      const again = await fixture.start()
      const reader = await RawClient.connect(again.port)
      for (let i = 0; i < acknowledged; i++) expect(await reader.ask('GET logs')).to.equal(`OK entry ${i}`)
      await reader.destroy()
    })
  }

  it('ends at once at the second signal, while a client does not fetch its answers', async () => {
    const broker = await fixture.start({ flags: ['--drain-timeout-ms', '600000'] })
    const client = await RawClient.connect(broker.port)
    const witness = await RawClient.connect(broker.port)
    await client.ask('REGISTER logs')
    for (let i = 0; i < 50; i++) expect(await client.ask(`PUT logs ${'x'.repeat(1_000_000)}`)).to.equal('OK')
    client.pause()
    for (let i = 0; i < 50; i++) client.send('GET logs')
    for (let i = 0; i < 50; i++) await witness.ask('METRICS')
    broker.signal('SIGTERM')
    await broker.whenLogged('Stopping')
    broker.signal('SIGTERM')
    expect(await broker.exited).to.deep.equal({ code: 1, signal: null })
    await Promise.all([client.destroy(), witness.destroy()])
  })

  it('logs an error that nobody expected, and exits 1', async () => {
    const defect = encodeURIComponent('process.once("SIGUSR2", () => { throw new Error("a defect") })')
    const broker = await fixture.start({ variables: { NODE_OPTIONS: `--import data:text/javascript,${defect}` } })
    broker.signal('SIGUSR2')
    expect(await broker.exited).to.deep.equal({ code: 1, signal: null })
    expect(JSON.parse(broker.stderr)).to.have.nested.include({ msg: 'Uncaught error', 'err.message': 'a defect' })
  })

  it('logs JSON records to its log file, and no payload', async () => {
    const logFile = join(fixture.dataDir, 'broker.log')
    const broker = await fixture.start({ flags: ['--log-file', logFile, '--log-level', 'trace'] })
    const client = await RawClient.connect(broker.port)
    await client.ask('REGISTER logs')
    await client.ask('PUT logs a-secret-that-nobody-logs')
    await client.ask('GET logs')
    await client.destroy()
    await broker.stop('SIGTERM')
    const text = await readFile(logFile, 'utf8')
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records.map(({ msg }) => msg)).to.include.members(['Client connected', 'Stopping', 'Stopped'])
    for (const record of records) expect(record).to.include({ node: 1 }).and.to.have.keys('level', 'time')
    expect(text).not.to.contain('a-secret-that-nobody-logs')
    expect(broker.stderr).to.equal('')
  })

  it('says in one line that its log file cannot be opened, and exits 1', async () => {
    const process = fixture.spawn({ flags: ['--log-file', fixture.dataDir] })
    expect((await process.exited).code).to.equal(1)
    expect(process.stderr).to.match(/^walrus-broker: Cannot open log file "[^"]+": [^\n]+\n$/)
  })

  it('leaves nothing behind with --storage memory, not even a directory', async () => {
    const flags = ['--storage', 'memory', '--data-dir', join(fixture.dataDir, 'absent')]
    const broker = await fixture.start({ flags })
    expect(broker.stdout).to.contain('storage memory, nothing is kept when it stops')
    const client = await RawClient.connect(broker.port)
    await client.ask('REGISTER logs')
    await client.ask('PUT logs for now')
    expect(await client.ask('GET logs')).to.equal('OK for now')
    await client.destroy()
    expect((await broker.stop('SIGTERM')).code).to.equal(0)
    const again = await fixture.start({ flags })
    const reader = await RawClient.connect(again.port)
    expect(await reader.ask('GET logs')).to.equal('ERR unknown topic logs')
    await reader.destroy()
  })
})
