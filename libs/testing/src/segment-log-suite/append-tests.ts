import { expect } from 'chai'
import { bytes, texts, type LogFixture } from './fixture.js'

export function appendTests(fixture: LogFixture): void {
  it('gives out offsets in the order of the calls, from the base offset on', async () => {
    const log = fixture.create({ baseOffset: 100 })
    const offsets = ['a', 'b', 'c'].map((text) => log.append(bytes(text)).lastOffset)
    expect(offsets).to.deep.equal([100, 101, 102])
    await log.drain()
    expect((await log.read(0, { maxEntries: 9, maxBytes: 99 })).map(({ offset }) => offset)).to.deep.equal(offsets)
  })

  it('shows entries when they are committed, and counts them before', async () => {
    const log = fixture.create()
    const ticket = log.append(bytes('a'))
    expect([ticket.state, log.entryCount, log.appendedCount, log.position]).to.deep.equal(['pending', 0, 1, 0])
    await ticket.done()
    expect([ticket.state, log.entryCount, log.appendedCount, log.position]).to.deep.equal(['committed', 1, 1, 1])
  })

  it('copies what it is given', async () => {
    const log = fixture.create()
    const entry = bytes('before')
    log.append(entry)
    entry.set(bytes('after!'))
    await log.drain()
    expect(await texts(log)).to.deep.equal(['before'])
  })

  it('appends a list as one, after what came before', async () => {
    const log = fixture.create()
    log.append(bytes('a'))
    const ticket = log.appendBatch([bytes('b'), bytes(''), bytes('c')])
    expect(ticket.lastOffset).to.equal(3)
    await ticket.done()
    expect(await texts(log)).to.deep.equal(['a', 'b', '', 'c'])
  })

  it('has nothing to do for an empty list', async () => {
    const log = fixture.create()
    await log.appendBatch([]).done()
    expect([log.entryCount, log.position]).to.deep.equal([0, 0])
    const open = log.append(bytes('a'))
    const nothing = log.appendBatch([])
    await nothing.done()
    expect([open.state, log.entryCount]).to.deep.equal(['committed', 1])
  })
  ticketTests(fixture)
}

function ticketTests(fixture: LogFixture): void {
  it('says where a batch ends in the log once it is committed', async () => {
    const log = fixture.create()
    await log.appendBatch([bytes('a'), bytes('b')]).done()
    const ticket = log.append(bytes('c'))
    expect(ticket.endPosition).to.equal(0)
    await ticket.done()
    expect([ticket.endPosition, log.position]).to.deep.equal([3, 3])
  })

  it('tells listeners in their order, and at once when all is settled', async () => {
    const log = fixture.create()
    const told: string[] = []
    const ticket = log.append(bytes('a'))
    ticket.onSettled(() => told.push('first'))
    ticket.onSettled(({ state }) => told.push(state))
    await ticket.done()
    ticket.onSettled(() => told.push('late'))
    expect(told).to.deep.equal(['first', 'committed', 'late'])
  })

  it('tells of each commit that adds entries, until it is told to stop', async () => {
    const log = fixture.create()
    const counts: number[] = []
    const stop = log.onCommit(() => counts.push(log.entryCount))
    await log.append(bytes('a')).done()
    await log.commitCursor('shared', 1).done()
    await log.append(bytes('b')).done()
    stop()
    await log.append(bytes('c')).done()
    expect(counts).to.deep.equal([1, 2])
  })

  it('is drained when nothing is in flight', async () => {
    const log = fixture.create()
    await log.drain()
    const tickets = [log.append(bytes('a')), log.commitCursor('shared', 1)]
    await log.drain()
    expect(tickets.map(({ state }) => state)).to.deep.equal(['committed', 'committed'])
  })
}
