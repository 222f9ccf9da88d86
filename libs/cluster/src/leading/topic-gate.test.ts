import { EMPTY_TOPIC_STATE, WalrusError, type CommitTicket } from '@walrus/core'
import { ManualClock, MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { bytes, codeOf, range } from '../node-harness.test.js'
import type { OpenSegment } from '../open-segment.js'
import { LocalSegment } from './local-segment.js'
import { TopicGate } from './topic-gate.js'

const limits = { segmentEntriesMax: 3, segmentBytesMax: 1000, segmentAgeMsMax: 0 }

describe('topic gate', () => {
  let clock: ManualClock
  let storage: MemoryLogStorage
  let gate: TopicGate
  let fullCount: number

  const segment = (id: number): OpenSegment =>
    new LocalSegment(
      storage.create({ topic: 'logs', segment: id, baseOffset: 100 * id, epoch: id, topicState: EMPTY_TOPIC_STATE }),
    )

  const append = (text: string): CommitTicket => gate.append(bytes(text))

  beforeEach(() => {
    clock = new ManualClock()
    storage = new MemoryLogStorage()
    fullCount = 0
    gate = new TopicGate({
      topic: 'logs',
      clock,
      limits: { requestTimeoutMs: 5000, heldEntriesMax: 4, heldBytesMax: 20 },
      onFull: () => {
        fullCount += 1
        gate.close('its segment is full')
      },
      onBatch: () => undefined,
      onHeld: () => undefined,
    })
  })

  it('passes an append straight on, with the ticket of the batch', () => {
    gate.open(segment(1), limits)
    expect(append('a')).to.equal(append('b'))
    expect(gate.lastAppend?.lastOffset).to.equal(101)
  })

  it('says within the append that fills the segment that it is full, and lets nothing more in', () => {
    const log = segment(1)
    gate.open(log, limits)
    for (const name of ['a', 'b', 'c', 'd']) append(name)
    expect([fullCount, log.appendedCount]).to.deep.equal([1, 3])
  })

  it('notices that the bytes are reached when the next batch begins', async () => {
    const log = segment(1)
    gate.open(log, { ...limits, segmentBytesMax: 4 })
    await append('four').done()
    expect(fullCount).to.equal(0)
    append('x')
    expect([fullCount, log.appendedCount]).to.deep.equal([1, 2])
  })

  it('holds appends while it is closed, and passes them on in order, segment by segment', async () => {
    const tickets = ['a', 'b', 'c', 'd'].map(append)
    const [first, second] = [segment(1), segment(2)]
    gate.open(first, limits)
    expect([first.appendedCount, second.appendedCount, fullCount]).to.deep.equal([3, 0, 1])
    gate.open(second, limits)
    await Promise.all(tickets.map((ticket) => ticket.done()))
    expect(tickets.map((ticket) => [ticket.firstOffset, ticket.lastOffset, ticket.state])).to.deep.equal(
      [100, 101, 102, 200].map((offset) => [offset, offset, 'committed']),
    )
  })

  it('puts a newcomer behind those who wait, even while they are let through', async () => {
    const order: number[] = []
    const held = [append('a'), append('b')]
    held[0]!.onSettled(() => order.push(0))
    gate.open(segment(1), limits)
    append('c').onSettled((ticket) => order.push(ticket.lastOffset))
    await held[1]!.done()
    expect(order).to.deep.equal([0, 102])
  })

  it('copies what it holds, so that the caller may reuse the buffer', async () => {
    const buffer = Buffer.from('before')
    const ticket = gate.append(buffer)
    buffer.fill('x')
    const log = segment(1)
    gate.open(log, limits)
    await ticket.done()
    const [entry] = await log.read(0, { maxEntries: 1, maxBytes: 100 })
    expect(new TextDecoder().decode(entry!.data)).to.equal('before')
  })

  it('closes behind the last one that fits when it opens on a full segment', () => {
    const log = segment(1)
    for (const name of ['a', 'b', 'c']) log.append(bytes(name))
    gate.open(log, limits)
    expect(fullCount).to.equal(1)
    expect(gate.segment).to.equal(undefined)
  })

  it('refuses an append when too many wait, and when too many bytes do', () => {
    for (const name of ['a', 'b', 'c', 'd']) append(name)
    expect(() => append('e')).to.throw('Cannot append to "logs": 4 appends of 4 bytes wait for an open segment')
    gate.open(segment(1), limits)
    gate.open(segment(2), limits)
    gate.close('')
    append('x'.repeat(15))
    expect(() => append('x'.repeat(6)))
      .to.throw(WalrusError)
      .with.property('code', 'UNAVAILABLE')
    append('x'.repeat(5))
  })

  it('holds one entry whatever its size', () => {
    expect(append('x'.repeat(21)).state).to.equal('pending')
  })

  it('gives room back when an append was let through, or gave up', () => {
    for (const round of range(0, 3)) {
      append('x'.repeat(20))
      if (round === 1) clock.advance(5000)
      else gate.open(segment(round + 1), limits)
      gate.close('')
    }
  })

  it('times out an append that waited too long, and never appends it', async () => {
    const early = append('early')
    clock.advance(3000)
    const late = append('late')
    clock.advance(2000)
    expect(early.error).to.include({ code: 'TIMED_OUT' })
    expect(early.error?.message).to.equal('timed out: append to "logs" waited 5000 ms for an open segment')
    const log = segment(1)
    gate.open(log, limits)
    await late.done()
    expect([log.committedCount, late.lastOffset, early.lastOffset]).to.deep.equal([1, 100, -1])
  })

  it('lets visitors through before the appends that wait', async () => {
    const log = segment(1)
    append('a')
    const seen = gate.whenOpen((opened) => [opened.segment, opened.appendedCount])
    gate.open(log, limits)
    expect(await seen).to.deep.equal([1, 0])
    expect(await gate.whenOpen((opened) => opened.appendedCount)).to.equal(1)
  })

  it('times out a visitor, and passes on what his visit throws', async () => {
    const visit = gate.whenOpen(() => undefined)
    clock.advance(5000)
    expect(await codeOf(visit)).to.equal('TIMED_OUT')
    gate.open(segment(1), limits)
    const failing = gate.whenOpen(() => {
      throw new WalrusError('DISK_FULL', 'full')
    })
    expect(await codeOf(failing)).to.equal('DISK_FULL')
  })

  it('fails what waits and what comes once it has failed, and recovers when it opens again', async () => {
    const held = append('a')
    const visit = gate.whenOpen(() => undefined)
    gate.fail(new WalrusError('CORRUPT_DATA', 'broken'))
    expect(held.error).to.include({ code: 'CORRUPT_DATA' })
    expect(await codeOf(visit)).to.equal('CORRUPT_DATA')
    expect(() => append('b')).to.throw('broken')
    expect(await codeOf(gate.whenOpen(() => undefined))).to.equal('CORRUPT_DATA')
    gate.open(segment(1), limits)
    await append('c').done()
  })

  it('fails a held append that the segment refuses, and goes on with the next', async () => {
    const log = segment(1)
    const [refused, taken] = [append('a'), append('b')]
    const original = log.append.bind(log)
    log.append = (entry) => {
      log.append = original
      throw new WalrusError('ENTRY_TOO_LARGE', `too large: ${entry.length}`)
    }
    gate.open(log, limits)
    expect(refused.error).to.include({ code: 'ENTRY_TOO_LARGE' })
    await taken.done()
    expect(log.committedCount).to.equal(1)
  })
})
