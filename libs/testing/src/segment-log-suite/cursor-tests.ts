import { expect } from 'chai'
import { bytes, stateOf, type LogFixture } from './fixture.js'

export function cursorTests(fixture: LogFixture): void {
  it('are in the state once they are committed, and after a crash', async () => {
    const log = fixture.create()
    const ticket = log.commitCursor('shared', 3)
    expect([ticket.lastOffset, ticket.endPosition]).to.deep.equal([ticket.firstOffset - 1, 0])
    expect(log.topicState.cursors.get('shared')).to.equal(undefined)
    await ticket.done()
    expect([log.topicState.cursors.get('shared'), log.entryCount]).to.deep.equal([3, 0])
    await fixture.crash()
    expect(fixture.log().topicState.cursors.get('shared')).to.equal(3)
  })

  it('of one commit are one record, behind its entries, and the last one wins', async () => {
    const log = fixture.create()
    const first = log.commitCursor('a', 1)
    const entry = log.append(bytes('x'))
    log.commitCursor('b', 5)
    const last = log.commitCursor('a', 2)
    await log.drain()
    expect([first.endPosition, entry.endPosition, last.endPosition, log.position]).to.deep.equal([2, 1, 2, 2])
    expect(stateOf(log.topicState).cursors).to.deep.equal({ a: 2, b: 5 })
  })

  it('of the segment before are there from the beginning, and are no record', async () => {
    const topicState = { cursors: new Map([['shared', 7]]), producers: new Map([[4, 9]]) }
    const log = fixture.create({ segment: 2, baseOffset: 7, topicState })
    expect(stateOf(log.topicState)).to.deep.equal({ cursors: { shared: 7 }, producers: [[4, 9]] })
    await log.append(bytes('a')).done()
    expect([log.position, log.entryCount]).to.deep.equal([1, 1])
    await fixture.crash()
    const again = fixture.log({ segment: 2 })
    expect(again.position).to.equal(1)
    expect(stateOf(again.topicState)).to.deep.equal({ cursors: { shared: 7 }, producers: [[4, 9]] })
  })
}
