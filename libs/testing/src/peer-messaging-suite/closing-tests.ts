import { NotAskedError } from '@walrus/core'
import { expect } from 'chai'
import { failureOf, HELD, type Fixture } from './fixture.js'

/** Nodes that are not there, or not any more. */
export function closingTests(fixture: Fixture): void {
  it('says of a question to nobody that it was not asked', async () => {
    const failure = await failureOf(fixture.ask('x', HELD, { to: 9 }))
    expect([failure.code, failure instanceof NotAskedError]).to.deep.equal(['UNAVAILABLE', true])
  })

  it('does not know what became of a question whose asker ends, and asks nothing afterwards', async () => {
    const unanswered = failureOf(fixture.ask('x', HELD))
    await fixture.holds(1)
    const messaging = fixture.messaging(1)
    await fixture.close(1)
    const failure = await unanswered
    expect([failure.code, failure instanceof NotAskedError]).to.deep.equal(['UNAVAILABLE', false])
    expect(await failureOf(messaging.request(2, HELD, new Uint8Array(0), 1000))).to.be.instanceOf(NotAskedError)
    expect(fixture.held).to.have.length(1)
  })

  it('does not know what became of a question whose answerer ends', async () => {
    const unanswered = failureOf(fixture.ask('x', HELD))
    await fixture.holds(1)
    await fixture.close(2)
    const failure = await unanswered
    expect([failure.code, failure instanceof NotAskedError]).to.deep.equal(['UNAVAILABLE', false])
    expect(await failureOf(fixture.ask('y', HELD))).to.be.instanceOf(NotAskedError)
  })

  it('finds a node that is back, which has heard nothing of before', async () => {
    expect(await fixture.ask('before')).to.equal('before of 1 at 2')
    await fixture.close(2)
    await failureOf(fixture.ask('away'))
    await fixture.open(2)
    for (;;) {
      const answer = await fixture.ask('after').catch(() => undefined)
      if (answer !== undefined) return expect(answer).to.equal('after of 1 at 2')
      await fixture.pass(5)
    }
  })
}
