import { WalrusError, type ErrorCode } from '@walrus/core'
import { FaultyLink } from '@walrus/testing'
import { expect } from 'chai'
import { event, PeerHarness, point, until, type TestPeer } from './peer-harness.test.js'
import { enter, readFrame, sendFrame } from './raw-frame.test.js'

const ECHO = 1
const HELD = 2
const FAILING = 3
const JOIN = 4
const MIB = 1024 * 1024

function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

async function failureOf(call: Promise<unknown>): Promise<{ code: ErrorCode; message: string }> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown, 'a rejection').to.be.instanceOf(WalrusError)
  return thrown as WalrusError
}

describe('requests between peers', () => {
  const harness = new PeerHarness()
  let one: TestPeer
  let two: TestPeer
  /** Answers to requests of kind `HELD`, to be given by the test. */
  let held: { readonly text: string; readonly answer: (text: string) => void }[]

  function serve({ network }: TestPeer): void {
    network.handle(ECHO, 'members', (payload) => Promise.resolve(payload))
    network.handle(HELD, 'members', (payload) => {
      const text = Buffer.from(payload).toString()
      return new Promise((resolve) => held.push({ text, answer: (answer) => resolve(bytes(answer)) }))
    })
    network.handle(FAILING, 'members', (payload) => {
      const reason = Buffer.from(payload).toString()
      if (reason === 'expected') throw new WalrusError('NOT_LEADER', 'Cannot append: node 3 leads')
      return Promise.reject(new Error(reason))
    })
    network.handle(JOIN, 'anyone', (_, { nodeId, clusterId, timeoutMs }) =>
      Promise.resolve(bytes(JSON.stringify({ nodeId, clusterId, timeoutMs }))),
    )
  }

  async function ask(text: string, kind = ECHO, timeoutMs = 10_000): Promise<string> {
    return Buffer.from(await one.network.request(2, kind, bytes(text), timeoutMs)).toString()
  }

  async function openPair(options = {}): Promise<void> {
    one = await harness.open(1, options)
    two = await harness.open(2, options)
    point(one, two)
    serve(two)
  }

  beforeEach(() => {
    held = []
  })
  afterEach(() => harness.closeAll())

  it('are answered, with any bytes or none', async () => {
    await openPair()
    expect(await ask('hello')).to.equal('hello')
    expect(await ask('')).to.equal('')
    const large = 'x'.repeat(5_000_000)
    expect(await ask(large)).to.equal(large)
  })

  it('are answered each when it is done, over one connection', async () => {
    await openPair()
    const answers = ['a', 'b', 'c'].map((text) => ask(text, HELD))
    await until(() => held.length === 3)
    expect(held.map(({ text }) => text)).to.deep.equal(['a', 'b', 'c'])
    held[2]?.answer('C')
    expect(await answers[2]).to.equal('C')
    held[0]?.answer('A')
    held[1]?.answer('B')
    expect(await Promise.all(answers)).to.deep.equal(['A', 'B', 'C'])
    expect(two.events.filter(({ kind }) => kind === 'connection-opened')).to.have.length.within(1, 2)
  })

  it('fail with what the handler has thrown, and nothing of what it did not mean to say', async () => {
    await openPair()
    const expected = await failureOf(ask('expected', FAILING))
    expect([expected.code, expected.message]).to.deep.equal(['NOT_LEADER', 'Cannot append: node 3 leads'])
    const unexpected = await failureOf(ask('secret', FAILING))
    expect(unexpected.code).to.equal('UNAVAILABLE')
    expect(unexpected.message).not.to.contain('secret')
    expect((await event(two, 'handler-failed')).error).to.have.property('message', 'secret')
    expect(await ask('still there')).to.equal('still there')
  })

  it('of a kind that nobody answers are refused', async () => {
    await openPair()
    const { code, message } = await failureOf(ask('x', 77))
    expect([code, message]).to.deep.equal([
      'INVALID_ARGUMENT',
      'Cannot answer: this node answers no requests of kind 77',
    ])
  })

  it('have a kind of 16 bits', async () => {
    await openPair()
    for (const kind of [-1, 65_536, 0.5]) expect((await failureOf(ask('x', kind))).code).to.equal('INVALID_ARGUMENT')
    expect(await ask('x')).to.equal('x')
  })

  it('time out here, and the handler knows how long it has', async () => {
    await openPair()
    const { code, message } = await failureOf(ask('x', HELD, 20))
    expect([code, message]).to.deep.equal(['TIMED_OUT', 'Cannot ask node 2: no answer within 20 ms'])
    held[0]?.answer('too late')
    expect(await ask('next')).to.equal('next')
    const { timeoutMs } = JSON.parse(await ask('', JOIN, 5000)) as { timeoutMs: number }
    expect(timeoutMs).to.be.within(1, 5000)
  })

  it('reach whoever listens at an address, before it is a member and before the asker is', async () => {
    two = await harness.open(2)
    serve(two)
    one = await harness.open(1, { clusterId: '' })
    const answer = await one.network.request(two.network.address, JOIN, bytes(''), 5000)
    expect(JSON.parse(Buffer.from(answer).toString())).to.include({ nodeId: 1, clusterId: '' })
    const { message } = await failureOf(one.network.request(two.network.address, ECHO, bytes(''), 5000))
    expect(message).to.equal('Cannot answer: requests of kind 1 are for nodes of the cluster only')
    one.network.adoptCluster('blue')
    await one.network.request(two.network.address, ECHO, bytes(''), 5000)
  })

  it('by address leave no connection behind', async () => {
    await openPair()
    const requests = Array.from({ length: 5 }, () => one.network.request(two.network.address, ECHO, bytes('x'), 5000))
    await Promise.all(requests)
    const { nodeId, purpose } = await event(two, 'connection-closed')
    expect([nodeId, purpose]).to.deep.equal([1, 'request'])
  })

  it('to nobody fail at once', async () => {
    await openPair()
    await two.network.close()
    for (const target of [two.network.address, 2, 9, 'nowhere']) {
      const { code, message } = await failureOf(one.network.request(target, ECHO, bytes('x'), 60_000))
      expect(code).to.equal('UNAVAILABLE')
      expect(message).to.contain(typeof target === 'string' ? `"${target}"` : `node ${target}`)
    }
  })

  it('of another cluster are refused', async () => {
    await openPair()
    const red = await harness.open(3, { clusterId: 'red' })
    const { code, message } = await failureOf(red.network.request(two.network.address, JOIN, bytes(''), 5000))
    expect(code).to.equal('NODE_REFUSED')
    expect(message).to.contain('this node is of cluster "blue", not of cluster "red"')
  })

  it('under way when the connection breaks fail, and later ones get through', async () => {
    await openPair()
    const link = await FaultyLink.open(two.network.address)
    point(one, two, link.address)
    const pending = failureOf(ask('x', HELD))
    await until(() => held.length === 1)
    link.breakConnections()
    expect((await pending).code).to.equal('UNAVAILABLE')
    held[0]?.answer('for nobody')
    expect(await ask('again')).to.equal('again')
    await link.close()
  })

  it('wait when too many are under way, and are refused when too many wait', async () => {
    await openPair({ limits: { maxRequestsInFlight: 2, maxRequestsWaiting: 3 } })
    await ask('connected')
    const answers = ['a', 'b', 'c', 'd', 'e'].map((text, at) => ({ text, at, answer: ask(text, HELD) }))
    await until(() => held.length === 2)
    expect(await ask('x').catch(reasonOf)).to.equal('Cannot ask node 2: 3 requests wait already')
    for (const { answer, at, text } of answers) {
      await until(() => held.length > at)
      expect(held.length).to.be.at.most(at + 2)
      held[at]?.answer(text.toUpperCase())
      expect(await answer).to.equal(text.toUpperCase())
    }
  })

  it('are refused when their bytes are too many, unless there is only one', async () => {
    await openPair({ limits: { maxRequestBytes: 1000, maxFrameBytes: 5000 } })
    const large = ask('x'.repeat(2000), HELD)
    await until(() => held.length === 1)
    expect(await ask('y').catch(reasonOf)).to.equal('Cannot ask node 2: 2000 bytes of requests wait already')
    held[0]?.answer('done')
    expect(await large).to.equal('done')
    expect(await ask('x'.repeat(5000)).catch(reasonOf)).to.contain('5000 bytes exceed the largest frame')
  })

  it('with an answer that is too large fail, and the connection stays', async () => {
    await openPair({ limits: { maxFrameBytes: 5000 } })
    const answer = ask('x', HELD)
    await until(() => held.length === 1)
    held[0]?.answer('y'.repeat(6000))
    expect((await failureOf(answer)).message).to.equal('Cannot answer: 6000 bytes exceed the largest frame')
    expect(await ask('next')).to.equal('next')
  })

  it('of a peer that asks for more than it may are read no further, until there are answers', async () => {
    two = await harness.open(2, { limits: { maxRequestsInFlight: 5 } })
    serve(two)
    const client = await enter(two.network.address, 'request')
    const payload = new Uint8Array(100_000)
    for (let id = 1; id <= 100; id++) {
      sendFrame(client, { kind: 'request', id, requestKind: HELD, timeoutMs: 60_000, payload })
    }
    await until(() => held.length > 5)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(held.length).to.be.below(20)
    for (let answered = 0; answered < 100; answered++) {
      await until(() => held.length > answered)
      held[answered]?.answer('done')
    }
    for (let id = 1; id <= 100; id++) expect(await readFrame(client)).to.include({ kind: 'answer', id })
    await client.destroy()
  })

  it('of a peer that does not fetch its answers are read no further, until it does', async () => {
    two = await harness.open(2)
    let handledCount = 0
    two.network.handle(ECHO, 'members', () => {
      handledCount += 1
      return Promise.resolve(new Uint8Array(MIB))
    })
    const client = await enter(two.network.address, 'request')
    client.pause()
    for (let id = 1; id <= 100; id++) {
      const payload = new Uint8Array(100_000)
      sendFrame(client, { kind: 'request', id, requestKind: ECHO, timeoutMs: 60_000, payload })
    }
    await until(() => handledCount > 3)
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(handledCount).to.be.below(50)
    client.resume()
    for (let answers = 0; answers < 100; answers++) expect(await readFrame(client)).to.include({ kind: 'answer' })
    await client.destroy()
  })

  it('that were taken are answered before the listener closes; the rest is told', async () => {
    await openPair()
    const answer = ask('x', HELD)
    await until(() => held.length === 1)
    const closed = two.network.close()
    held[0]?.answer('the last')
    expect(await answer).to.equal('the last')
    await closed
    expect((await failureOf(ask('y'))).code).to.equal('UNAVAILABLE')
  })

  it('that have no answer when the asker closes are rejected', async () => {
    await openPair()
    const pending = failureOf(ask('x', HELD))
    await until(() => held.length === 1)
    await one.network.close()
    expect((await pending).message).to.equal('Cannot ask node 2: this node closes')
    expect((await failureOf(ask('y'))).message).to.equal('Cannot ask node 2: this node closes')
  })
})

function reasonOf(thrown: unknown): string {
  return (thrown as Error).message
}
