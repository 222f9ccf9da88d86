import { expect } from 'chai'
import { markedHeartbeat } from '../every-raft-message.js'
import { introduce, until, type Fixture } from './fixture.js'

export function membershipTests(fixture: Fixture): void {
  it('says that a node without an address cannot be reached', async () => {
    const one = await fixture.open(1)
    one.transport.send(markedHeartbeat(1, 2, 1))
    await until(() => one.heard.unreachable.length > 0)
    expect(one.heard.unreachable).to.deep.equal([2])
  })

  it('sends nothing more to a node that is no member any more, and goes on with the others', async () => {
    const [one, two] = await fixture.openPair()
    const three = await fixture.open(3)
    introduce(one, two, three)
    await fixture.connect(one, two)
    await fixture.connect(one, three)
    introduce(one, three)
    const before = two.heard.messages.length
    one.transport.send(markedHeartbeat(1, 2, fixture.nextMark()))
    await until(() => one.heard.unreachable.includes(2))
    await fixture.connect(one, three)
    expect(two.heard.messages.length).to.equal(before)
  })

  it('finds a node that becomes a member again', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    introduce(one)
    introduce(one, two)
    await fixture.connect(one, two)
  })

  it('hears only nodes of its own cluster', async () => {
    const one = await fixture.open(1)
    const foreign = await fixture.open(2, 'red')
    introduce(one, foreign)
    await until(
      () => one.heard.unreachable.includes(2) && foreign.heard.unreachable.includes(1),
      () => {
        one.transport.send(markedHeartbeat(1, 2, 1))
        foreign.transport.send(markedHeartbeat(2, 1, 1))
      },
    )
    expect([...one.heard.messages, ...foreign.heard.messages]).to.deep.equal([])
  })

  it('does not take another node at an address for the one that was meant', async () => {
    const one = await fixture.open(1)
    const other = await fixture.open(3)
    one.transport.setAddresses(new Map([[2, other.address]]))
    await until(
      () => one.heard.unreachable.includes(2),
      () => one.transport.send(markedHeartbeat(1, 2, 1)),
    )
    expect(other.heard.messages).to.deep.equal([])
  })

  it('takes the addresses of itself and of nobody', async () => {
    const one = await fixture.open(1)
    one.transport.setAddresses(new Map([[1, one.address]]))
    one.transport.setAddresses(new Map())
    expect(one.heard.messages).to.deep.equal([])
  })
}
