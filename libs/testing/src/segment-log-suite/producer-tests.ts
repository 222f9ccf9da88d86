import { PRODUCERS_MAX } from '@walrus/core'
import { expect } from 'chai'
import { allBatches, bytes, codeOf, stateOf, type LogFixture } from './fixture.js'

export function producerTests(fixture: LogFixture): void {
  it('have their last sequence in the state once it is committed, and after a crash', async () => {
    const log = fixture.create()
    const ticket = log.appendBatch([bytes('a'), bytes('b'), bytes('c')], { id: 8, sequence: 10 })
    expect(log.topicState.producers.get(8)).to.equal(undefined)
    await ticket.done()
    expect(log.topicState.producers.get(8)).to.equal(12)
    await fixture.crash()
    expect(fixture.log().topicState.producers.get(8)).to.equal(12)
  })

  it('have batches of their own', async () => {
    const log = fixture.create()
    log.append(bytes('a'))
    const own = log.appendBatch([bytes('b'), bytes('c')], { id: 1, sequence: 0 })
    log.append(bytes('d'))
    log.append(bytes('e'))
    await log.drain()
    const counts = (await allBatches(log)).map(({ entryCount }) => entryCount)
    expect([counts, own.firstOffset, own.lastOffset, own.endPosition]).to.deep.equal([[1, 2, 2], 1, 2, 3])
  })

  it('are forgotten when they have not appended for longest', async () => {
    const log = fixture.create()
    const append = (id: number, sequence: number) => log.appendBatch([bytes('x')], { id, sequence })
    for (let id = 1; id <= PRODUCERS_MAX; id++) append(id, 0)
    append(1, 1)
    append(PRODUCERS_MAX + 1, 0)
    await log.drain()
    const { producers } = stateOf(log.topicState)
    expect(producers).to.have.length(PRODUCERS_MAX)
    expect(producers[0]).to.deep.equal([3, 0])
    expect(producers.slice(-2)).to.deep.equal([
      [1, 1],
      [PRODUCERS_MAX + 1, 0],
    ])
    await fixture.restart()
    expect(stateOf(fixture.log().topicState).producers).to.deep.equal(producers)
  })

  it('have an id from 1 and a sequence from 0', async () => {
    const log = fixture.create()
    for (const [id, sequence] of [
      [0, 0],
      [1.5, 0],
      [1, -1],
      [1, Number.MAX_SAFE_INTEGER],
    ] as const)
      expect(await codeOf(() => log.appendBatch([bytes('a')], { id, sequence }))).to.equal('INVALID_ARGUMENT')
    expect(log.appendedCount).to.equal(0)
  })
}
