import type { SegmentLog } from '@walrus/core'
import { expect } from 'chai'
import { allBatches, bytes, codeOf, contentOf, endOf, stateOf, texts, type LogFixture } from './fixture.js'

export function truncationTests(fixture: LogFixture): void {
  it('are gone at once and after a crash, with what they said of the topic', async () => {
    const log = fixture.create({ baseOffset: 3 })
    await log.appendBatch([bytes('a')], { id: 1, sequence: 0 }).done()
    await log.commitCursor('shared', 4).done()
    const kept = await contentOf(log)
    await log.appendBatch([bytes('b'), bytes('c')], { id: 1, sequence: 1 }).done()
    await log.commitCursor('shared', 5).done()
    await log.truncateTail(kept.position)
    expect(await contentOf(log)).to.deep.equal(kept)
    expect([log.appendedCount, log.position]).to.deep.equal([1, 2])
    await fixture.crash()
    expect(await contentOf(fixture.log())).to.deep.equal(kept)
  })

  it('give their place to what is appended next', async () => {
    const log = fixture.create()
    for (const text of ['a', 'b', 'c']) await log.append(bytes(text)).done()
    await log.truncateTail(1)
    const ticket = log.append(bytes('B'))
    expect(ticket.firstOffset).to.equal(1)
    await ticket.done()
    expect([await texts(log), ticket.endPosition]).to.deep.equal([['a', 'B'], 2])
    await fixture.crash()
    expect(await texts(fixture.log())).to.deep.equal(['a', 'B'])
  })

  it('may be all there is, and nothing at all', async () => {
    const topicState = { cursors: new Map([['shared', 2]]), producers: new Map([[4, 4]]) }
    const log = fixture.create({ topicState })
    await log.appendBatch([bytes('a')], { id: 5, sequence: 0 }).done()
    await log.truncateTail(1)
    expect(await texts(log)).to.deep.equal(['a'])
    await log.truncateTail(0)
    expect([log.entryCount, log.position]).to.deep.equal([0, 0])
    await fixture.crash()
    expect(fixture.log()).to.include({ entryCount: 0, position: 0 })
    expect(stateOf(fixture.log().topicState)).to.deep.equal({ cursors: { shared: 2 }, producers: [[4, 4]] })
    await fixture.log().append(bytes('z')).done()
    expect(await texts(fixture.log())).to.deep.equal(['z'])
  })

  it('are cut off between any two batches of a long log, also after a restart', async () => {
    const log = fixture.create()
    await fill(log, 40)
    const batches = await allBatches(log)
    for (const [at, batch] of [...batches.entries()].reverse().filter(([nth]) => nth % 7 === 3)) {
      const before = batches.slice(0, at)
      const one = fixture.log()
      await one.truncateTail(batch.position)
      expect((await allBatches(one)).map(endOf)).to.deep.equal(before.map(endOf))
      await (at % 2 === 0 ? fixture.crash() : fixture.restart())
      expect((await allBatches(fixture.log())).map(endOf)).to.deep.equal(before.map(endOf))
    }
    await fill(fixture.log(), 10)
    const content = await contentOf(fixture.log())
    await fixture.crash()
    expect(await contentOf(fixture.log())).to.deep.equal(content)
  })
  refusedCutTests(fixture)
}

function refusedCutTests(fixture: LogFixture): void {
  it('are not cut within a batch, nor beyond the end, and nothing is changed', async () => {
    const log = fixture.create()
    await log.appendBatch([bytes('a'), bytes('b')]).done()
    for (const position of [1, 3, -1, 0.5])
      expect(await codeOf(() => log.truncateTail(position)), `${position}`).to.equal('INVALID_ARGUMENT')
    await log.append(bytes('c')).done()
    expect(await texts(log)).to.deep.equal(['a', 'b', 'c'])
  })

  it('are not given up by a segment that is sealed', async () => {
    const log = fixture.create()
    await log.append(bytes('a')).done()
    await log.seal()
    expect(await codeOf(() => log.truncateTail(0))).to.equal('SEGMENT_SEALED')
    expect(await texts(log)).to.deep.equal(['a'])
  })

  it('wait for what is in flight, and take nothing while they go', async () => {
    const log = fixture.create()
    const ticket = log.append(bytes('a'))
    const truncation = log.truncateTail(0)
    await new Promise(setImmediate)
    expect(await codeOf(() => log.append(bytes('b')))).to.be.oneOf(['UNAVAILABLE', undefined])
    await truncation
    await log.drain()
    expect(ticket.state).to.equal('committed')
    await log.truncateTail(0)
    await fixture.crash()
    expect(fixture.storage.segment(log)?.entryCount ?? 0).to.equal(0)
  })

  it('leave a fence as it is', async () => {
    const log = fixture.create()
    await fill(log, 20)
    await log.fence(8)
    await log.truncateTail(0)
    expect(log.fencedEpoch).to.equal(8)
    await fixture.crash()
    expect(fixture.log()).to.include({ fencedEpoch: 8, position: 0 })
  })
}

async function fill(log: SegmentLog, rounds: number): Promise<void> {
  for (let at = 0; at < rounds; at++) {
    log.appendBatch([bytes('x'.repeat(30 * at)), bytes(`${at}`)], { id: 1 + (at % 3), sequence: at })
    if (at % 4 === 0) log.commitCursor('shared', at)
    await log.drain()
  }
}
