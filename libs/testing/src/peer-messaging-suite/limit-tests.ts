import { NotAskedError } from '@walrus/core'
import { expect } from 'chai'
import { failureOf, HELD, SIZED, TIMEOUT_MS, type Fixture } from './fixture.js'

/** How long, how large, and how many. */
export function limitTests(fixture: Fixture): void {
  it('gives up in time, asks nothing twice, and does not mind an answer that is late', async () => {
    const late = failureOf(fixture.ask('late', HELD, { timeoutMs: 50 }))
    const [held] = await fixture.holds(1)
    await fixture.pass(50)
    const failure = await late
    expect([failure.code, failure instanceof NotAskedError]).to.deep.equal(['TIMED_OUT', false])
    expect(failure.message).to.equal('Cannot ask node 2: no answer within 50 ms')
    held?.answer('too late')
    expect(await fixture.ask('next')).to.equal('next of 1 at 2')
    expect(fixture.held).to.have.length(1)
  })

  it('refuses a question that is too large, and carries others', async () => {
    const { takenBytes, refusedBytes } = fixture.options.limits
    const large = fixture.messaging(1).request(2, SIZED, new Uint8Array(refusedBytes), TIMEOUT_MS)
    expect(await failureOf(large)).to.be.instanceOf(NotAskedError)
    const sized = `${takenBytes}`.padStart(takenBytes, '0')
    expect(await fixture.ask(sized, SIZED)).to.have.length(takenBytes)
  })

  it('does not carry an answer that is too large, and carries others', async () => {
    const { takenBytes, refusedBytes } = fixture.options.limits
    const failure = await failureOf(fixture.ask(`${refusedBytes}`, SIZED))
    expect([failure.code, failure instanceof NotAskedError]).to.deep.equal(['UNAVAILABLE', false])
    expect(await fixture.ask(`${takenBytes}`, SIZED)).to.have.length(takenBytes)
  })

  it('refuses questions beyond what it can keep, and answers those that it took', async () => {
    const { takenQuestions } = fixture.options.limits
    const asked = Array.from({ length: 3 * takenQuestions }, (_, at) => fixture.ask(`${at}`, HELD))
    const outcomes = asked.map((answer) => answer.catch((error: unknown) => error))
    const refused = outcomes.slice(takenQuestions).at(-1)
    expect(await refused).to.be.instanceOf(NotAskedError)
    await fixture.holds(1)
    let answered = 0
    const answering = setInterval(() => {
      for (const { text, answer } of fixture.held.slice(answered)) answer(`answer ${text}`)
      answered = fixture.held.length
    }, 1)
    const all = await Promise.all(outcomes)
    clearInterval(answering)
    for (const [at, outcome] of all.entries()) {
      if (at < takenQuestions) expect(outcome).to.equal(`answer ${at}`)
      else if (typeof outcome !== 'string') expect(outcome).to.be.instanceOf(NotAskedError)
    }
    expect(await fixture.ask('next')).to.equal('next of 1 at 2')
  })
}
