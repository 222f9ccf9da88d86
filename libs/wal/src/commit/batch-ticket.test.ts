import { expect } from 'chai'
import { BatchTicket } from './batch-ticket.js'

describe('batch ticket', () => {
  it('knows its offsets as entries join', () => {
    const ticket = new BatchTicket(10)
    expect([ticket.firstOffset, ticket.lastOffset, ticket.state]).to.deep.equal([10, 9, 'pending'])
    ticket.entryCount = 3
    expect(ticket.lastOffset).to.equal(12)
  })

  it('calls its listeners once, in their order, and late ones at once', () => {
    const ticket = new BatchTicket(0)
    const calls: string[] = []
    ticket.onSettled(() => calls.push('first'))
    ticket.onSettled(({ state }) => calls.push(`second ${state}`))
    expect(calls).to.deep.equal([])
    ticket.commit(0)
    ticket.onSettled(() => calls.push('late'))
    expect(calls).to.deep.equal(['first', 'second committed', 'late'])
  })

  it('resolves, also for who asks afterwards', async () => {
    const ticket = new BatchTicket(0)
    const early = ticket.done()
    ticket.commit(0)
    await early
    await ticket.done()
    expect([ticket.state, ticket.error]).to.deep.equal(['committed', undefined])
  })

  it('rejects with its error, and keeps its first fate', async () => {
    const ticket = new BatchTicket(0)
    const done = ticket.done().catch((error: Error) => error.message)
    ticket.fail(new Error('disk gone'))
    ticket.commit(0)
    expect([await done, ticket.state, ticket.error?.message]).to.deep.equal(['disk gone', 'failed', 'disk gone'])
  })
})
