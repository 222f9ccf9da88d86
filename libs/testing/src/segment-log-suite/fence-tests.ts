import { expect } from 'chai'
import { bytes, codeOf, contentOf, FIRST, texts, type LogFixture } from './fixture.js'

export function fenceTests(fixture: LogFixture): void {
  it('are remembered after a crash', async () => {
    const log = fixture.create({ epoch: 2 })
    await log.append(bytes('a')).done()
    await log.fence(5)
    expect([log.epoch, log.fencedEpoch]).to.deep.equal([2, 5])
    await fixture.crash()
    expect(fixture.log()).to.include({ epoch: 2, fencedEpoch: 5, entryCount: 1, position: 1 })
  })

  it('are remembered for a segment that is empty', async () => {
    await fixture.create({ epoch: 2, baseOffset: 9 }).fence(3)
    await fixture.crash()
    const log = fixture.log()
    expect(log).to.include({ epoch: 2, fencedEpoch: 3, entryCount: 0, position: 0, baseOffset: 9, sealed: false })
    await log.append(bytes('a')).done()
    expect([await texts(log), log.position]).to.deep.equal([['a'], 1])
  })

  it('are remembered for a segment that is sealed', async () => {
    const log = fixture.create()
    await log.append(bytes('a')).done()
    await log.seal()
    await log.fence(4)
    await fixture.crash()
    expect(fixture.log()).to.include({ fencedEpoch: 4, sealed: true, entryCount: 1 })
  })

  it('never go back', async () => {
    const log = fixture.create()
    await Promise.all([log.fence(7), log.fence(3), log.fence(9), log.fence(8)])
    await log.fence(2)
    expect(log.fencedEpoch).to.equal(9)
    await fixture.crash()
    await fixture.log().fence(1)
    expect(fixture.log().fencedEpoch).to.equal(9)
  })

  it('change nothing else, and what is appended carries the old epoch', async () => {
    const log = fixture.create({ epoch: 3 })
    log.append(bytes('a'))
    await log.commitCursor('shared', 1).done()
    const before = await contentOf(log)
    await log.fence(6)
    expect(await contentOf(log)).to.deep.equal(before)
    await log.append(bytes('b')).done()
    await log.append(bytes('c')).done()
    await fixture.crash()
    expect(await texts(fixture.log())).to.deep.equal(['a', 'b', 'c'])
    expect(fixture.log()).to.include({ epoch: 3, fencedEpoch: 6, position: 4 })
  })

  it('go with the segment when it is removed', async () => {
    await fixture.create().fence(5)
    await fixture.storage.remove(FIRST)
    await fixture.create().append(bytes('a')).done()
    await fixture.crash()
    expect(fixture.log().fencedEpoch).to.equal(1)
  })

  it('are whole numbers', async () => {
    const log = fixture.create()
    for (const epoch of [-1, 1.5, 2 ** 32]) expect(await codeOf(() => log.fence(epoch))).to.equal('INVALID_ARGUMENT')
  })
}
