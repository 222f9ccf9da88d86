import { expect } from 'chai'
import { markedHeartbeat } from '../every-raft-message.js'
import { introduce, until, type Fixture } from './fixture.js'

export function restartTests(fixture: Fixture): void {
  it('finds a peer again that has restarted at its address', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    await two.transport.close()
    const again = await fixture.open(2, 'blue', two.address)
    introduce(one, again)
    await fixture.connect(one, again)
    await fixture.connect(again, one)
  })

  it('finds a peer again that has restarted at another address', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    const moved = await fixture.open(2)
    await two.transport.close()
    introduce(one, moved)
    await fixture.connect(one, moved)
    await fixture.connect(moved, one)
  })

  it('says that a peer is unreachable while it is down', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    await two.transport.close()
    const before = one.heard.unreachable.length
    await until(
      () => one.heard.unreachable.length > before,
      () => one.transport.send(markedHeartbeat(1, 2, fixture.nextMark())),
    )
    expect(new Set(one.heard.unreachable)).to.deep.equal(new Set([2]))
  })

  it('finds a peer that starts later', async () => {
    const [one, two] = await fixture.openPair()
    await two.transport.close()
    await until(
      () => one.heard.unreachable.includes(2),
      () => one.transport.send(markedHeartbeat(1, 2, fixture.nextMark())),
    )
    const late = await fixture.open(2, 'blue', two.address)
    await fixture.connect(one, late)
  })
}
