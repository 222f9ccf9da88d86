import { formatSegmentKey } from '@walrus/core'
import { expect } from 'chai'
import { bytes, codeOf, FIRST, texts, type LogFixture } from './fixture.js'

export function storageTests(fixture: LogFixture): void {
  it('has no segments to begin with', () => {
    expect([...fixture.storage.segments()]).to.deep.equal([])
    expect(fixture.storage.segment(FIRST)).to.equal(undefined)
  })

  it('makes a segment that is empty, and is what it was told', () => {
    const log = fixture.create({ segment: 4, baseOffset: 30, epoch: 7 })
    const { topic, segment, baseOffset, epoch, fencedEpoch, position, entryCount, appendedCount, sealed } = log
    expect([topic, segment, baseOffset, epoch, fencedEpoch]).to.deep.equal(['logs', 4, 30, 7, 7])
    expect([position, entryCount, appendedCount, sealed]).to.deep.equal([0, 0, 0, false])
    expect(fixture.storage.segment({ topic: 'logs', segment: 4 })).to.equal(log)
  })

  it('makes no second segment of a name', async () => {
    fixture.create()
    expect(await codeOf(() => fixture.create())).to.equal('INVALID_ARGUMENT')
  })

  it('keeps the segments apart', async () => {
    const logs = [fixture.create(), fixture.create({ segment: 2, baseOffset: 1 }), fixture.create({ topic: 'other' })]
    await Promise.all(logs.map((log) => log.append(bytes(formatSegmentKey(log))).done()))
    await fixture.restart()
    const found = [...fixture.storage.segments()]
    expect(found.map(formatSegmentKey).sort()).to.deep.equal(['t_logs_s_1', 't_logs_s_2', 't_other_s_1'])
    for (const log of found) expect(await texts(log)).to.deep.equal([formatSegmentKey(log)])
  })

  it('knows after a restart what it knew before', async () => {
    const log = fixture.create({ baseOffset: 5, epoch: 3 })
    await log.append(bytes('a')).done()
    await log.commitCursor('shared', 6).done()
    const { position, entryCount, createdMs, lastAppendMs } = log
    await fixture.restart()
    const again = { baseOffset: 5, epoch: 3, fencedEpoch: 3, position, entryCount, createdMs, lastAppendMs }
    expect(fixture.log()).to.include(again)
    expect(position).to.equal(2)
  })

  it('removes a segment for good, and a new one of its name has nothing of it', async () => {
    await fixture.create().append(bytes('a')).done()
    await fixture.storage.remove(FIRST)
    await fixture.storage.remove(FIRST)
    expect(fixture.storage.segment(FIRST)).to.equal(undefined)
    await fixture.crash()
    expect(fixture.storage.segment(FIRST)).to.equal(undefined)
    await fixture.create({ epoch: 9 }).append(bytes('b')).done()
    await fixture.restart()
    expect([await texts(fixture.log()), fixture.log().epoch]).to.deep.equal([['b'], 9])
  })

  it('commits what is pending when it is closed, and takes nothing more', async () => {
    const log = fixture.create()
    const ticket = log.append(bytes('a'))
    await fixture.storage.close()
    await fixture.storage.close()
    expect(ticket.state).to.equal('committed')
    expect(await codeOf(() => log.append(bytes('b')))).to.equal('STORAGE_CLOSED')
    expect(await codeOf(() => log.fence(2))).to.equal('STORAGE_CLOSED')
    await fixture.restart()
    expect(await texts(fixture.log())).to.deep.equal(['a'])
  })
}
