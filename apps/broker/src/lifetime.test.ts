import { expect } from 'chai'
import { Lifetime } from './lifetime.js'

describe('Lifetime', () => {
  it('closes the last one first, and each once', async () => {
    const lifetime = new Lifetime()
    const closed: string[] = []
    for (const name of ['disk', 'log', 'port']) lifetime.owns(name, async (one) => void closed.push(one))
    await lifetime.end()
    await lifetime.end()
    expect(closed).to.deep.equal(['port', 'log', 'disk'])
  })

  it('closes the others when one fails, then says why the first one did', async () => {
    const lifetime = new Lifetime()
    const closed: string[] = []
    lifetime.owns('disk', async (one) => void closed.push(one))
    for (const name of ['log', 'port']) lifetime.owns(name, (one) => Promise.reject(new Error(`${one} is stuck`)))
    const failure = await lifetime.end().catch((thrown: unknown) => thrown)
    expect(failure).to.be.an('error').with.property('message', 'port is stuck')
    expect(closed).to.deep.equal(['disk'])
  })
})
