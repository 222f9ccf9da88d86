import { expect } from 'chai'
import { bytes, codeOf, FIRST, texts, type LogFixture } from './fixture.js'

export function sealTests(fixture: LogFixture): void {
  it('settles what was in flight, and takes nothing more', async () => {
    const log = fixture.create()
    const ticket = log.append(bytes('a'))
    const sealing = log.seal()
    expect(await codeOf(() => log.append(bytes('b')))).to.equal('SEGMENT_SEALED')
    await sealing
    await log.seal()
    expect([ticket.state, log.sealed, log.entryCount]).to.deep.equal(['committed', true, 1])
    expect(await codeOf(() => log.appendBatch([]))).to.equal('SEGMENT_SEALED')
    expect(await codeOf(() => log.commitCursor('shared', 1))).to.equal('SEGMENT_SEALED')
  })

  it('is still the end after a crash', async () => {
    const log = fixture.create()
    log.append(bytes('a'))
    log.commitCursor('shared', 1)
    await log.seal()
    await fixture.crash()
    const again = fixture.log()
    expect([again.sealed, again.entryCount, again.position]).to.deep.equal([true, 1, 2])
    expect(await texts(again)).to.deep.equal(['a'])
    expect(await codeOf(() => again.append(bytes('b')))).to.equal('SEGMENT_SEALED')
  })

  it('leaves a segment that is empty so, or gone', async () => {
    await fixture.create().seal()
    await fixture.crash()
    const log = fixture.storage.segment(FIRST)
    if (log !== undefined) expect([log.sealed, log.entryCount]).to.deep.equal([true, 0])
  })
}
