import { EMPTY_TOPIC_STATE, WalrusError, type SegmentLog } from '@walrus/core'
import { EMPTY_FRAME, errorFrame, FrameReader, OK_FRAME } from '@walrus/protocol'
import { MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { bytes, Latch, range, turns } from '../node-harness.test.js'
import { ReplyQueue } from './reply-queue.js'

describe('reply queue', () => {
  let sent: Uint8Array[]
  let queue: ReplyQueue
  let log: SegmentLog
  let failure: Error | undefined

  beforeEach(() => {
    sent = []
    failure = undefined
    queue = new ReplyQueue({ roomBytes: 1, ease: () => undefined, send: (frames) => sent.push(frames) })
    const commit = async (): Promise<void> => {
      await turns(1)
      if (failure !== undefined) throw failure
    }
    const segment = { topic: 'logs', segment: 1, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
    log = new MemoryLogStorage(new Map(), { commit }).create(segment)
  })

  const answers = (): string[] => framesOf(Buffer.concat(sent))

  it('answers appends that share a ticket with one run of frames', async () => {
    for (const name of ['a', 'b', 'c']) queue.addAppend(log.append(bytes(name)), 10)
    expect([queue.pendingCount, sent.length]).to.deep.equal([3, 0])
    await log.drain()
    expect([queue.pendingCount, sent.length]).to.deep.equal([0, 1])
    expect(answers()).to.deep.equal(['OK', 'OK', 'OK'])
  })

  it('sends at once what is ready and has nothing before it', () => {
    queue.addFrames(OK_FRAME, 10)
    queue.addFrames(EMPTY_FRAME, 10)
    expect(answers()).to.deep.equal(['OK', 'EMPTY'])
  })

  it('keeps the order of the requests, whatever is ready first', async () => {
    const late = new Latch<Uint8Array>()
    queue.addLater(late.promise, 10)
    queue.addFrames(errorFrame('nonsense'), 10)
    queue.addAppend(log.append(bytes('a')), 10)
    queue.addLater(Promise.resolve(EMPTY_FRAME), 10)
    queue.addAppend(log.append(bytes('b')), 10)
    await log.drain()
    expect([queue.pendingCount, queue.pendingBytes, sent.length]).to.deep.equal([5, 50, 0])
    late.open(OK_FRAME)
    await turns(1)
    expect(answers()).to.deep.equal(['OK', 'ERR nonsense', 'OK', 'EMPTY', 'OK'])
    expect([queue.pendingCount, queue.pendingBytes]).to.deep.equal([0, 0])
  })

  it('answers each append of a failed batch with the reason', async () => {
    failure = new WalrusError('DISK_FULL', 'Cannot write "x": no space left')
    for (const name of ['a', 'b']) queue.addAppend(log.append(bytes(name)), 10)
    await log.drain()
    expect(answers()).to.deep.equal(range(0, 2).map(() => 'ERR Cannot write "x": no space left'))
  })

  it('answers an append whose ticket is settled already', async () => {
    const ticket = log.append(bytes('a'))
    await ticket.done()
    queue.addAppend(ticket, 10)
    expect(answers()).to.deep.equal(['OK'])
  })

  it('calls back once when nothing is pending, and at once when nothing is', async () => {
    let calls = 0
    queue.whenIdle(() => (calls += 1))
    expect(calls).to.equal(1)
    queue.addAppend(log.append(bytes('a')), 10)
    queue.whenIdle(() => (calls += 1))
    expect(calls).to.equal(1)
    await log.drain()
    queue.addFrames(OK_FRAME, 10)
    expect(calls).to.equal(2)
  })

  it('drops answers once it is closed, and still becomes idle', async () => {
    queue.addAppend(log.append(bytes('a')), 10)
    queue.close()
    await log.drain()
    expect([sent.length, queue.pendingCount]).to.deep.equal([0, 0])
  })

  it('answers tens of thousands of requests in order', async () => {
    const late = new Latch<Uint8Array>()
    queue.addLater(late.promise, 10)
    for (const at of range(0, 20_000)) queue.addFrames(errorFrame(String(at)), 10)
    late.open(OK_FRAME)
    await turns(1)
    expect(answers()).to.deep.equal(['OK', ...range(0, 20_000).map((at) => `ERR ${at}`)])
    queue.addFrames(EMPTY_FRAME, 10)
    expect(answers().at(-1)).to.equal('EMPTY')
  })
})

/** The payloads of whole frames, as text. */
function framesOf(stream: Uint8Array): string[] {
  const reader = new FrameReader({ maxFrameBytes: 1_000_000 })
  const payloads: string[] = []
  reader.push(stream)
  while (reader.next()) payloads.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString())
  expect(reader.insideFrame).to.equal(false)
  return payloads
}
