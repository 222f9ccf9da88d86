import { NotAskedError } from '@walrus/core'
import { expect } from 'chai'
import { ECHO, FAILING, failureOf, HELD, SIZED, TIMEOUT_MS, UNKNOWN, type Fixture } from './fixture.js'

/** What becomes of a question that arrives. */
export function answerTests(fixture: Fixture): void {
  it('answers, with any bytes or none, and the handler knows who asks', async () => {
    expect(await fixture.ask('hello')).to.equal('hello of 1 at 2')
    expect(await fixture.ask('back', ECHO, { from: 2, to: 1 })).to.equal('back of 2 at 1')
    expect(await fixture.ask('')).to.equal(' of 1 at 2')
    const question = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    fixture.messaging(2).handle(1, async (payload) => Uint8Array.from(payload).reverse())
    const answer = await fixture.messaging(1).request(2, 1, question, TIMEOUT_MS)
    expect([...answer]).to.deep.equal([...question].reverse())
    const nothing = await fixture.messaging(1).request(2, SIZED, new TextEncoder().encode('0'), TIMEOUT_MS)
    expect(nothing.length).to.equal(0)
  })

  it('begins handlers in the order of the questions, and takes answers in any', async () => {
    const answers = ['a', 'b', 'c'].map((words) => fixture.ask(words, HELD))
    const held = await fixture.holds(3)
    expect(held.map(({ text, from }) => `${text} of ${from}`)).to.deep.equal(['a of 1', 'b of 1', 'c of 1'])
    for (const at of [2, 0, 1]) {
      held[at]?.answer(`${at}`)
      expect(await answers[at]).to.equal(`${at}`)
    }
  })

  it('lets no question wait for the answer to another one', async () => {
    const slow = fixture.ask('slow', HELD)
    expect(await fixture.ask('quick')).to.equal('quick of 1 at 2')
    const [held] = await fixture.holds(1)
    held?.answer('at last')
    expect(await slow).to.equal('at last')
  })

  it('rejects with what the handler has thrown, and with nothing of a defect', async () => {
    const expected = await failureOf(fixture.ask('expected', FAILING))
    expect([expected.code, expected.message]).to.deep.equal(['NOT_LEADER', 'Cannot append: node 3 leads'])
    const defect = await failureOf(fixture.ask('defect', FAILING))
    expect(defect.code).to.equal('UNAVAILABLE')
    expect(defect.message).not.to.contain('secret')
    expect(defect).not.to.be.instanceOf(NotAskedError)
  })

  it('rejects a question of a kind that nobody answers', async () => {
    const failure = await failureOf(fixture.ask('x', UNKNOWN))
    expect([failure.code, failure.message]).to.deep.equal([
      'UNAVAILABLE',
      `Cannot answer: this node answers no requests of kind ${UNKNOWN}`,
    ])
    expect(await fixture.ask('still there')).to.equal('still there of 1 at 2')
  })

  it('has one handler for each kind', () => {
    const handler = () => Promise.resolve(new Uint8Array(0))
    expect(() => fixture.messaging(2).handle(ECHO, handler)).to.throw(/one handler/)
  })
}
