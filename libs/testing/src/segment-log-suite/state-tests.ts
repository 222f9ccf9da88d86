import { expect } from 'chai'
import { bytes, codeOf, stateOf, type LogFixture } from './fixture.js'

export function stateTests(fixture: LogFixture): void {
  it('is that which the segment was created with, at the beginning', async () => {
    const topicState = { cursors: new Map([['shared', 7]]), producers: new Map([[3, 9]]) }
    const log = fixture.create({ topicState })
    expect(stateOf(await log.stateAt(0))).to.deep.equal({ cursors: { shared: 7 }, producers: [[3, 9]] })
    await log.append(bytes('a')).done()
    await log.commitCursor('shared', 8).done()
    expect(stateOf(await log.stateAt(0))).to.deep.equal({ cursors: { shared: 7 }, producers: [[3, 9]] })
    await fixture.crash()
    expect(stateOf(await fixture.log().stateAt(0))).to.deep.equal({ cursors: { shared: 7 }, producers: [[3, 9]] })
  })

  it('is empty where it was created with none', async () => {
    const log = fixture.create()
    await log.appendBatch([bytes('a')], { id: 1, sequence: 4 }).done()
    expect(stateOf(await log.stateAt(0))).to.deep.equal({ cursors: {}, producers: [] })
  })

  it('is as the batches before the position have left it', async () => {
    const log = fixture.create()
    for (let at = 1; at <= 3; at++) {
      await log.appendBatch([bytes('a'), bytes('b')], { id: at, sequence: 0 }).done()
      await log.commitCursor('shared', at).done()
    }
    const expected = { cursors: { shared: 2 }, producers: [[1, 1], [2, 1]] } // prettier-ignore
    expect(stateOf(await log.stateAt(6))).to.deep.equal(expected)
    expect(stateOf(await log.stateAt(9))).to.deep.equal(stateOf(log.topicState))
    await fixture.restart()
    expect(stateOf(await fixture.log().stateAt(6))).to.deep.equal(expected)
  })

  it('does not change with what comes later', async () => {
    const log = fixture.create()
    await log.commitCursor('shared', 1).done()
    const state = await log.stateAt(1)
    await log.commitCursor('shared', 2).done()
    expect(state.cursors.get('shared')).to.equal(1)
  })

  it('of a sealed segment is known after a restart, though there is a newer one', async () => {
    const log = fixture.create()
    await log.append(bytes('a')).done()
    await log.commitCursor('shared', 1).done()
    await log.seal()
    const topicState = await log.stateAt(2)
    const next = fixture.create({ segment: 2, baseOffset: 1, epoch: 2, topicState })
    await next.append(bytes('b')).done()
    await next.commitCursor('shared', 2).done()
    await fixture.restart()
    expect((await fixture.log().stateAt(2)).cursors.get('shared')).to.equal(1)
    expect((await fixture.log({ segment: 2 }).stateAt(2)).cursors.get('shared')).to.equal(2)
  })

  it('is not known within a batch, nor behind the end', async () => {
    const log = fixture.create()
    await log.appendBatch([bytes('a'), bytes('b')]).done()
    expect(await codeOf(() => log.stateAt(1))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(() => log.stateAt(3))).to.equal('INVALID_ARGUMENT')
  })
}
